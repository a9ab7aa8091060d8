-- Views for the questions that people ask. Each answers with the rights of whoever asks, who needs
-- SELECT on the view and on what it reads.
CREATE VIEW IF NOT EXISTS revenue_per_minute SQL SECURITY INVOKER
AS SELECT
    s.minute AS minute,
    s.currency AS currency,
    s.channel AS channel,
    sum(s.sales) AS sales,
    sum(s.pieces) AS pieces,
    sum(s.returned) AS returned,
    sum(s.revenue) AS revenue
FROM sales_by_minute AS s
GROUP BY minute, currency, channel
COMMENT 'What was sold in each minute, per currency and channel';

CREATE VIEW IF NOT EXISTS revenue_per_hour SQL SECURITY INVOKER
AS SELECT
    s.hour AS hour,
    s.currency AS currency,
    s.channel AS channel,
    sum(s.sales) AS sales,
    sum(s.pieces) AS pieces,
    sum(s.returned) AS returned,
    sum(s.revenue) AS revenue
FROM sales_by_hour AS s
GROUP BY hour, currency, channel
COMMENT 'What was sold in each hour, per currency and channel';

CREATE VIEW IF NOT EXISTS revenue_per_day SQL SECURITY INVOKER
AS SELECT
    toDate32(s.hour) AS day,
    s.currency AS currency,
    sum(s.sales) AS sales,
    sum(s.pieces) AS pieces,
    sum(s.returned) AS returned,
    sum(s.revenue) AS revenue
FROM sales_by_hour AS s
GROUP BY day, currency
COMMENT 'What was sold on each day (UTC), per currency';

CREATE VIEW IF NOT EXISTS top_stores SQL SECURITY INVOKER
AS SELECT
    day,
    currency,
    row_number() OVER (PARTITION BY day, currency ORDER BY revenue DESC, store_id ASC) AS place,
    store_id,
    sales,
    pieces,
    revenue
FROM
(
    SELECT
        toDate32(s.hour) AS day,
        s.currency AS currency,
        s.store_id AS store_id,
        sum(s.sales) AS sales,
        sum(s.pieces) AS pieces,
        sum(s.revenue) AS revenue
    FROM sales_by_hour AS s
    GROUP BY day, currency, store_id
)
COMMENT 'Stores by revenue of each day (UTC), per currency; place 1 sold most';

CREATE VIEW IF NOT EXISTS late_sales SQL SECURITY INVOKER
AS SELECT
    toDate32(_timestamp) AS day,
    CAST(
        multiIf(
            toUnixTimestamp64Milli(_timestamp) = 0, 0,
            delay_ms < 0, 1,
            delay_ms < 1000, 2,
            delay_ms < 10000, 3,
            delay_ms < 60000, 4,
            delay_ms < 600000, 5,
            delay_ms < 3600000, 6,
            delay_ms < 86400000, 7,
            8
        ),
        'Enum8(\'unknown\' = 0, \'ahead\' = 1, \'below 1 s\' = 2, \'below 10 s\' = 3, \'below 1 min\' = 4, \'below 10 min\' = 5, \'below 1 h\' = 6, \'below 1 day\' = 7, \'1 day or more\' = 8)'
    ) AS delay,
    count() AS sales,
    max(toUnixTimestamp64Milli(_timestamp) - toUnixTimestamp64Milli(ts) AS delay_ms) AS delay_ms_max
FROM sales
GROUP BY day, delay
COMMENT 'How long after the sale its record was written to Kafka, per day of the record (UTC): ahead = the clock of the till was, unknown = the record has no time';

CREATE VIEW IF NOT EXISTS ingestion SQL SECURITY INVOKER
AS SELECT
    _topic AS topic,
    _partition AS partition,
    count() AS sales,
    min(_offset) AS offset_first,
    max(_offset) AS offset_last,
    groupBitmap(_offset) AS offsets,
    offset_last - offset_first + 1 - offsets AS offsets_missing,
    sales - offsets AS doubled,
    max(_timestamp) AS record_last
FROM sales
GROUP BY topic, partition
COMMENT 'Rows per partition of the topic: doubled is 0, or rows were read again on purpose; offsets_missing are dead letters, markers of transactions and what Kafka deleted or compacted';
