-- As sales_by_minute, in hours and by store.
CREATE TABLE IF NOT EXISTS sales_by_hour
(
    hour DateTime64(0, 'UTC') COMMENT 'Beginning of the hour in which the sales were made',
    store_id Int32 COMMENT 'Store that sold',
    currency LowCardinality(String) COMMENT 'ISO 4217 code; sums of different ones never mix',
    channel LowCardinality(String) COMMENT 'Where the customers bought',
    sales SimpleAggregateFunction(sum, UInt64) COMMENT 'Lines of receipts, returns included',
    pieces SimpleAggregateFunction(sum, Int64) COMMENT 'Pieces sold less pieces brought back',
    returned SimpleAggregateFunction(sum, Int64) COMMENT 'Pieces brought back, as a positive number',
    revenue SimpleAggregateFunction(sum, Decimal(38, 2)) COMMENT 'Paid less paid back, in the currency'
)
ENGINE = AggregatingMergeTree
ORDER BY (hour, store_id, currency, channel)
SETTINGS non_replicated_deduplication_window = 100000
COMMENT 'Sums of sales per hour, store, currency and channel; several rows per key until they merge, so ask with sum()';

CREATE MATERIALIZED VIEW IF NOT EXISTS feed_sales_by_hour TO sales_by_hour
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    toStartOfInterval(ts, INTERVAL 3600000 MILLISECOND) AS hour,
    store_id,
    currency,
    channel,
    count() AS sales,
    sum(toInt64(qty)) AS pieces,
    sumIf(-toInt64(qty), qty < 0) AS returned,
    sum(toDecimal128(unit_price, 2) * qty) AS revenue
FROM sales
GROUP BY hour, store_id, currency, channel
COMMENT 'Adds each insert into sales to sales_by_hour';
