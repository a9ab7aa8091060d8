-- Sales as Penstock inserts them: the fields of schemas/sales.avsc, then where each row comes from.
--
-- Partitioned by the day on which the record was written to Kafka, not by that of the sale: a
-- batch is read in the order of the topic, so it lies in one partition and lands whole or not at
-- all; sales that come late touch no old parts; and no clock of a till can spread one insert over
-- more partitions than ClickHouse takes (100). How long rows stay: see README.md, SALES_TTL_DAYS.
CREATE TABLE IF NOT EXISTS sales
(
    event_id UUID COMMENT 'Identity of this event; never used twice',
    store_id Int32 COMMENT 'Store that sold it',
    sku Int32 COMMENT 'Article number',
    qty Int32 COMMENT 'Pieces sold; negative for goods brought back',
    unit_price Decimal(10, 2) COMMENT 'Price of one piece in the currency of the sale',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the currency paid in',
    channel LowCardinality(String) COMMENT 'Where the customer bought: STORE, WEB or APP',
    customer_id Nullable(Int64) COMMENT 'Customer, when one identified themselves',
    promo_code Nullable(String) COMMENT 'Promotion that applied, when one did',
    tags Array(String) COMMENT 'Labels for analysis, in no particular order',
    attributes Map(String, String) COMMENT 'Further facts about the sale, by name',
    ts DateTime64(3, 'UTC') COMMENT 'When the sale was made',
    _topic LowCardinality(String) COMMENT 'Topic of the record',
    _partition UInt32 COMMENT 'Partition of the record',
    _offset UInt64 COMMENT 'Offset of the record' CODEC(Delta, LZ4),
    _timestamp DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record; 1970-01-01 where there is none' CODEC(Delta, LZ4),
    INDEX _offset_minmax _offset TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(_timestamp)
ORDER BY (store_id, ts)
SETTINGS
    non_replicated_deduplication_window = 100000,
    ttl_only_drop_parts = 1,
    materialize_ttl_recalculate_only = 1
COMMENT 'One line of a receipt per row, each record of topic sales once';
