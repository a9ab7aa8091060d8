-- Sums per minute of the sale, however late it comes. No partitions: a batch of sales of many days
-- must not be refused for them, and twelve rows a minute need none.
CREATE TABLE IF NOT EXISTS sales_by_minute
(
    minute DateTime64(0, 'UTC') COMMENT 'Beginning of the minute in which the sales were made',
    currency LowCardinality(String) COMMENT 'ISO 4217 code; sums of different ones never mix',
    channel LowCardinality(String) COMMENT 'Where the customers bought',
    sales SimpleAggregateFunction(sum, UInt64) COMMENT 'Lines of receipts, returns included',
    pieces SimpleAggregateFunction(sum, Int64) COMMENT 'Pieces sold less pieces brought back',
    returned SimpleAggregateFunction(sum, Int64) COMMENT 'Pieces brought back, as a positive number',
    revenue SimpleAggregateFunction(sum, Decimal(38, 2)) COMMENT 'Paid less paid back, in the currency'
)
ENGINE = AggregatingMergeTree
ORDER BY (minute, currency, channel)
SETTINGS non_replicated_deduplication_window = 100000
COMMENT 'Sums of sales per minute, currency and channel; several rows per key until they merge, so ask with sum()';

-- The rights of whoever runs this, so that the sink needs none but INSERT on sales. Milliseconds,
-- because the functions that name a minute answer a DateTime, which wraps around before 1970 and
-- after 2106; and 38 digits before the product, which must not overflow: an error in a view is an
-- error of the insert, every time it is repeated.
CREATE MATERIALIZED VIEW IF NOT EXISTS feed_sales_by_minute TO sales_by_minute
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    toStartOfInterval(ts, INTERVAL 60000 MILLISECOND) AS minute,
    currency,
    channel,
    count() AS sales,
    sum(toInt64(qty)) AS pieces,
    sumIf(-toInt64(qty), qty < 0) AS returned,
    sum(toDecimal128(unit_price, 2) * qty) AS revenue
FROM sales
GROUP BY minute, currency, channel
COMMENT 'Adds each insert into sales to sales_by_minute';
