//! Promise: each view of the shop answers its question, and whoever may read may ask.

use anyhow::Result;
use testkit::ClickHouse;

use crate::shop::{HOUR_MS, MINUTE_MS, NOON_MS, Sale, Shop};

const SECOND_MS: i64 = 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const USD: (&str, &str) = ("USD", "WEB");
const EUR: (&str, &str) = ("EUR", "STORE");

/// A sale at noon plus `at_ms`, of which Kafka heard `delay_ms` later.
fn sale(
    offset: u64,
    store: i32,
    (qty, cents): (i32, i64),
    (currency, channel): (&'static str, &'static str),
    (at_ms, delay_ms): (i64, i64),
) -> Sale {
    let ts = NOON_MS + at_ms;
    Sale { store, qty, cents, currency, channel, ts, offset, timestamp: ts + delay_ms }
}

/// The questions, as the one who may only read.
struct Reader {
    server: ClickHouse,
    database: String,
}

impl Reader {
    async fn of(shop: &Shop) -> Result<Self> {
        let servers = testkit::stack().await?;
        let server = servers.clickhouse().as_user(&servers.reader);
        Ok(Self { server, database: shop.fixture.database.clone() })
    }

    async fn expect(&self, sql: &str, rows: &[&str]) -> Result<()> {
        let sql = sql.replace("FROM ", &format!("FROM {}.", self.database));
        let answer = self.server.query(&sql).await?.replace('\t', " ");
        assert_eq!(answer.lines().collect::<Vec<_>>(), rows, "{sql}");
        Ok(())
    }
}

#[tokio::test]
async fn revenue_is_told_per_minute_hour_and_day() -> Result<()> {
    let shop = Shop::new().await?;
    // The second one is late by an hour, of the third one piece is brought back a minute later.
    let first = [
        sale(0, 1, (2, 150), EUR, (0, 10)),
        sale(2, 1, (3, 100), USD, (MINUTE_MS, 10)),
        sale(3, 2, (-1, 100), USD, (2 * MINUTE_MS - 1, 10)),
    ];
    let second = [
        sale(1, 2, (1, 425), EUR, (MINUTE_MS - 1, HOUR_MS)),
        sale(4, 3, (1, 1), USD, (12 * HOUR_MS, 0)),
    ];
    shop.insert("a", &first).await?;
    shop.insert("b", &second).await?;
    let reader = Reader::of(&shop).await?;
    let all = "currency, channel, sales, pieces, returned, revenue";
    reader
        .expect(
            &format!("SELECT minute, {all} FROM revenue_per_minute ORDER BY minute, currency"),
            &[
                "2026-07-01 12:00:00 EUR STORE 2 3 0 7.25",
                "2026-07-01 12:01:00 USD WEB 2 2 1 2",
                "2026-07-02 00:00:00 USD WEB 1 1 0 0.01",
            ],
        )
        .await?;
    reader
        .expect(
            &format!("SELECT hour, {all} FROM revenue_per_hour ORDER BY hour, currency"),
            &[
                "2026-07-01 12:00:00 EUR STORE 2 3 0 7.25",
                "2026-07-01 12:00:00 USD WEB 2 2 1 2",
                "2026-07-02 00:00:00 USD WEB 1 1 0 0.01",
            ],
        )
        .await?;
    reader
        .expect(
            "SELECT day, currency, sales, pieces, returned, revenue FROM revenue_per_day \
             ORDER BY day, currency",
            &["2026-07-01 EUR 2 3 0 7.25", "2026-07-01 USD 2 2 1 2", "2026-07-02 USD 1 1 0 0.01"],
        )
        .await?;
    reader
        .expect(
            "SELECT day, currency, place, store_id, sales, pieces, revenue FROM top_stores \
             ORDER BY day, currency, place",
            &[
                "2026-07-01 EUR 1 2 1 1 4.25",
                "2026-07-01 EUR 2 1 1 2 3",
                "2026-07-01 USD 1 1 1 3 3",
                "2026-07-01 USD 2 2 1 -1 -1",
                "2026-07-02 USD 1 3 1 1 0.01",
            ],
        )
        .await
}

#[tokio::test]
async fn delays_are_told_by_their_length() -> Result<()> {
    let shop = Shop::new().await?;
    let delays = [
        -1,
        0,
        SECOND_MS - 1,
        SECOND_MS,
        9 * SECOND_MS,
        10 * SECOND_MS,
        MINUTE_MS,
        10 * MINUTE_MS,
        HOUR_MS,
        DAY_MS - 1,
        DAY_MS,
        7 * DAY_MS,
    ];
    // All of them are written to Kafka at noon.
    let mut sales: Vec<_> = (0..)
        .zip(delays)
        .map(|(offset, delay)| sale(offset, 1, (1, 1), EUR, (-delay, delay)))
        .collect();
    sales.push(Sale { timestamp: 0, ..sale(12, 1, (1, 1), EUR, (0, 0)) });
    shop.insert("a", &sales).await?;
    let reader = Reader::of(&shop).await?;
    reader
        .expect(
            "SELECT day, delay, sales, delay_ms_max FROM late_sales WHERE day > '1970-01-01' \
             ORDER BY day, delay",
            &[
                "2026-07-01 ahead 1 -1",
                "2026-07-01 below 1 s 2 999",
                "2026-07-01 below 10 s 2 9000",
                "2026-07-01 below 1 min 1 10000",
                "2026-07-01 below 10 min 1 60000",
                "2026-07-01 below 1 h 1 600000",
                "2026-07-01 below 1 day 2 86399999",
                "2026-07-01 1 day or more 2 604800000",
            ],
        )
        .await?;
    let unknown = "SELECT day, delay, sales FROM late_sales WHERE delay = 'unknown'";
    reader.expect(unknown, &["1970-01-01 unknown 1"]).await
}

#[tokio::test]
async fn gaps_and_doubles_are_told_per_partition() -> Result<()> {
    let shop = Shop::new().await?;
    let at = |offset| sale(offset, 1, (1, 1), EUR, (i64::try_from(offset).unwrap_or(0), 0));
    // Offsets beyond 32 bits; one is missing, one is there twice.
    let sales = [1, 2, 4, (1 << 32) + 1, (1 << 32) + 2].map(at);
    shop.insert("a", &sales[..3]).await?;
    shop.insert("b", &sales[2..3]).await?;
    let reader = Reader::of(&shop).await?;
    let ask = "SELECT topic, partition, sales, offset_first, offset_last, offsets, \
               offsets_missing, doubled, record_last FROM ingestion";
    reader.expect(ask, &["sales 0 4 1 4 3 1 1 2026-07-01 12:00:00.004"]).await?;
    shop.insert("c", &sales[3..]).await?;
    let ask = "SELECT offset_last, offsets, offsets_missing, doubled FROM ingestion";
    reader.expect(ask, &["4294967298 5 4294967293 1"]).await
}
