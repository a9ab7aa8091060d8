-- The same sales as Kafka Connect inserts them. It has no intents: what it repeats after a failure
-- is cut into other blocks than before, so that no deduplication window would know them. The
-- engine takes doubles out when it merges instead, and FINAL when it reads; for that, the doubles
-- of a sale must lie in one partition, so the day is that of the sale.
CREATE TABLE IF NOT EXISTS sales_connect
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
    ts DateTime64(3, 'UTC') COMMENT 'When the sale was made'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(ts)
ORDER BY (store_id, ts, event_id)
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1
COMMENT 'Sales by way of Kafka Connect, at least once: ask with FINAL';
