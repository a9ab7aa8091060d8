//! A seed in, the sales of a chain of stores out.

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::draw::{Draw, Skewed, mix};

/// The schema of a [`Sale`], as it is registered.
pub const SALES_SCHEMA: &str = include_str!("../../../schemas/sales.avsc");

const STORES: u32 = 400;
const STORE_FIRST: u32 = 1_001;
const ARTICLES: u32 = 5_000;
const ARTICLE_FIRST: u32 = 100_000;
const CUSTOMERS: u32 = 2_000_000;

const PROMOS: [&str; 6] = ["WELCOME5", "SPRING10", "LOYAL15", "BUNDLE", "CLEARANCE", "APPONLY"];
const TAGS: [&str; 8] =
    ["gift", "outlet", "online", "bulk", "organic", "seasonal", "clearance", "new"];
const ATTRIBUTES: [(&str, &[&str]); 6] = [
    ("payment", &["card", "cash", "wallet", "voucher"]),
    ("till", &["1", "2", "3", "4", "5", "6", "self"]),
    ("device", &["ios", "android", "web"]),
    ("clerk", &["a17", "b04", "b22", "c31", "d08", "f15"]),
    ("loyalty", &["none", "silver", "gold"]),
    ("shipping", &["pickup", "standard", "express"]),
];

/// What was paid in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Currency {
    Usd,
    Eur,
    Gbp,
    Jpy,
}

/// Where the customer bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Channel {
    Store,
    Web,
    App,
}

/// One event; serialises as the record of [`SALES_SCHEMA`], whose fields it has in its order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sale {
    #[serde(serialize_with = "uuid_text")]
    event_id: Uuid,
    store_id: i32,
    sku: i32,
    qty: i32,
    #[serde(rename = "unit_price", serialize_with = "decimal")]
    unit_price_cents: i64,
    currency: Currency,
    channel: Channel,
    customer_id: Option<i64>,
    promo_code: Option<&'static str>,
    tags: Vec<&'static str>,
    #[serde(serialize_with = "map")]
    attributes: Vec<(&'static str, &'static str)>,
    ts: i64,
}

/// An endless chain of sales. The same seed makes the same ones; only the time comes from outside.
///
/// A few stores and articles make most of the sales, as in real chains; an article keeps its
/// price and a store its currency; about 96 bytes per sale when encoded.
#[derive(Clone, Debug)]
pub struct Sales {
    draw: Draw,
    stores: Skewed,
    articles: Skewed,
    /// Each store's number as text.
    keys: Vec<String>,
    /// The current sale; its lists are reused.
    sale: Sale,
    store: usize,
}

impl Sales {
    /// Starts a chain.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let sale = Sale {
            event_id: Uuid::nil(),
            store_id: 0,
            sku: 0,
            qty: 0,
            unit_price_cents: 0,
            currency: Currency::Usd,
            channel: Channel::Store,
            customer_id: None,
            promo_code: None,
            tags: Vec::new(),
            attributes: Vec::new(),
            ts: 0,
        };
        Self {
            draw: Draw::new(seed),
            stores: Skewed::new(STORES, 8),
            articles: Skewed::new(ARTICLES, 20),
            keys: (0..STORES).map(|store| (STORE_FIRST + store).to_string()).collect(),
            sale,
            store: 0,
        }
    }

    /// Makes the next sale, at `ts_ms` in milliseconds since 1970, and returns it with its key.
    pub fn next(&mut self, ts_ms: i64) -> (&Sale, &str) {
        let Self { draw, sale, .. } = self;
        let id = u128::from(draw.bits()) << 64 | u128::from(draw.bits());
        sale.event_id = uuid::Builder::from_random_bytes(id.to_be_bytes()).into_uuid();

        let store = self.stores.draw(draw);
        self.store = store as usize;
        sale.store_id = (STORE_FIRST + store).cast_signed();
        sale.currency = match store % 10 {
            0..=4 => Currency::Usd,
            5..=7 => Currency::Eur,
            8 => Currency::Gbp,
            _ => Currency::Jpy,
        };
        let article = self.articles.draw(draw);
        sale.sku = (ARTICLE_FIRST + article).cast_signed();
        sale.unit_price_cents = price_cents(article);
        sale.qty = match draw.below(100) {
            0..=1 => -1, // brought back
            2..=79 => 1,
            80..=94 => 2,
            _ => 3 + draw.below(10).cast_signed(),
        };
        sale.channel = match draw.below(10) {
            0..=5 => Channel::Store,
            6..=8 => Channel::Web,
            _ => Channel::App,
        };
        // Whoever buys online has an account, at the till only some show a card.
        let known = if sale.channel == Channel::Store { 45 } else { 100 };
        sale.customer_id =
            draw.percent(known).then(|| i64::from(1_000_000 + draw.below(CUSTOMERS)));
        sale.promo_code = draw.percent(15).then(|| draw.pick(&PROMOS));
        labels(draw, &mut sale.tags, &mut sale.attributes);
        sale.ts = ts_ms;
        (&self.sale, &self.keys[self.store])
    }
}

/// Draws up to two tags and one to three attributes, none of them twice.
fn labels(
    draw: &mut Draw,
    tags: &mut Vec<&'static str>,
    attributes: &mut Vec<(&'static str, &'static str)>,
) {
    tags.clear();
    let count = match draw.below(100) {
        0..=39 => 0,
        40..=79 => 1,
        _ => 2,
    };
    tags.extend(TAGS.iter().cycle().skip(draw.below(8) as usize).take(count));

    attributes.clear();
    let count = 1 + draw.below(3) as usize;
    let first = draw.below(6) as usize;
    for (name, values) in ATTRIBUTES.iter().cycle().skip(first).take(count) {
        attributes.push((name, draw.pick(values)));
    }
}

/// An article's price: most cost little, a few much.
fn price_cents(article: u32) -> i64 {
    let bits = mix(u64::from(article));
    let range = [500, 2_000, 2_000, 10_000, 10_000, 10_000, 50_000, 200_000];
    let end: u64 = range[(bits % 8) as usize];
    // Below 200,000, so it fits.
    i64::try_from(99 + (bits >> 8) % end).unwrap_or(99)
}

fn uuid_text<S: Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = Uuid::encode_buffer();
    serializer.serialize_str(id.hyphenated().encode_lower(&mut text))
}

/// A decimal is its unscaled number, most significant byte first, as short as its sign allows.
fn decimal<S: Serializer>(cents: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    let bytes = cents.to_be_bytes();
    let sign = if *cents < 0 { 0xff } else { 0 };
    let redundant = |pair: &&[u8]| pair[0] == sign && (pair[1] ^ sign) & 0x80 == 0;
    let skip = bytes.windows(2).take_while(redundant).count();
    serializer.serialize_bytes(&bytes[skip..])
}

fn map<S: Serializer>(
    entries: &[(&'static str, &'static str)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().copied())
}

#[cfg(test)]
mod tests;
