//! Sales that a test makes up in, rows of the migrated database out.

use anyhow::Result;
use target::{Insert, InsertError};

use crate::{fixture::Fixture, native};

const COLUMNS: &str =
    "store_id, qty, unit_price, currency, channel, ts, _topic, _partition, _offset, _timestamp";
const CURRENCIES: [&str; 4] = ["USD", "EUR", "GBP", "JPY"];
const CHANNELS: [&str; 3] = ["STORE", "WEB", "APP"];
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// 2026-07-01 12:00:00.
pub(crate) const NOON_MS: i64 = 1_782_907_200_000;
/// The first and the last millisecond that the column takes.
const FIRST_MS: i64 = -2_208_988_800_000;
const LAST_MS: i64 = 10_413_791_999_999;

#[derive(Clone, Debug)]
pub(crate) struct Sale {
    pub(crate) store: i32,
    pub(crate) qty: i32,
    pub(crate) cents: i64,
    pub(crate) currency: &'static str,
    pub(crate) channel: &'static str,
    pub(crate) ts: i64,
    pub(crate) offset: u64,
    pub(crate) timestamp: i64,
}

/// The same numbers in every run, by `SplitMix64`.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn below(&mut self, end: u64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % end).cast_signed()
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap_or(0)]
    }

    /// A sale of the last minutes, or one that a till kept for days, or one of a broken till.
    pub(crate) fn sale(&mut self, offset: u64) -> Sale {
        let ts = match self.below(20) {
            0 => FIRST_MS + self.below((LAST_MS - FIRST_MS).cast_unsigned()),
            1 => self.of(&[FIRST_MS, -1, 0, LAST_MS]),
            2..6 => NOON_MS - self.below(5 * 24 * HOUR_MS.cast_unsigned()),
            _ => NOON_MS - self.below(3 * MINUTE_MS.cast_unsigned()),
        };
        let qty = match self.below(50) {
            0 => self.of(&[i32::MIN, i32::MAX, 0]),
            1..10 => -self.of(&[1, 2, 3]),
            _ => self.of(&[1, 2, 3, 10]),
        };
        let cents = match self.below(50) {
            0 => self.of(&[9_999_999_999, -9_999_999_999, 0]),
            _ => self.below(100_000),
        };
        let store = self.of(&[1, 2, 3, i32::MIN]);
        let (currency, channel) = (self.of(&CURRENCIES), self.of(&CHANNELS));
        Sale { store, qty, cents, currency, channel, ts, offset, timestamp: NOON_MS }
    }
}

/// The tables of the shop in a database of a test's own.
pub(crate) struct Shop {
    pub(crate) fixture: Fixture,
}

impl Shop {
    pub(crate) async fn new() -> Result<Self> {
        let fixture = Fixture::new().await?;
        fixture.migrations().await?.apply(&[("SALES_TTL_DAYS", "0")]).await?;
        Ok(Self { fixture })
    }

    /// Inserts sales as the sink does.
    pub(crate) async fn insert(&self, token: &str, sales: &[Sale]) -> Result<(), InsertError> {
        fn column<const N: usize>(sales: &[Sale], bytes: impl Fn(&Sale) -> [u8; N]) -> Vec<u8> {
            sales.iter().flat_map(bytes).collect()
        }
        let time = "DateTime64(3, 'UTC')";
        let chunks = native::block(
            sales.len() as u64,
            &[
                ("store_id", "Int32", column(sales, |sale| sale.store.to_le_bytes())),
                ("qty", "Int32", column(sales, |sale| sale.qty.to_le_bytes())),
                ("unit_price", "Decimal(10, 2)", column(sales, |sale| sale.cents.to_le_bytes())),
                ("currency", "String", native::texts(sales.iter().map(|sale| sale.currency))),
                ("channel", "String", native::texts(sales.iter().map(|sale| sale.channel))),
                ("ts", time, column(sales, |sale| sale.ts.to_le_bytes())),
                ("_topic", "String", native::texts(sales.iter().map(|_| "sales"))),
                ("_partition", "UInt32", column(sales, |_| 0_u32.to_le_bytes())),
                ("_offset", "UInt64", column(sales, |sale| sale.offset.to_le_bytes())),
                ("_timestamp", time, column(sales, |sale| sale.timestamp.to_le_bytes())),
            ],
        );
        let insert = Insert {
            database: &self.fixture.database,
            table: "sales",
            columns: COLUMNS,
            token,
            rows: sales.len() as u64,
            chunks: &chunks,
        };
        self.fixture.target.insert(&insert).await
    }

    pub(crate) async fn query(&self, sql: &str) -> Result<String> {
        self.fixture.query(sql).await
    }
}
