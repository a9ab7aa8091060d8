use std::collections::HashMap;

use apache_avro::{Decimal, Schema, types::Value};
use serde::Serialize;

use super::{Sale, Sales, decimal};
use crate::{Encoder, SALES_SCHEMA};

impl Sale {
    /// The record that a reader must see, built field by field from the schema's own names.
    pub(crate) fn expected(&self) -> Value {
        let symbol = |symbols: &[&str], index: usize| {
            Value::Enum(u32::try_from(index).unwrap(), symbols[index].to_owned())
        };
        let option = |value: Option<Value>| match value {
            None => Value::Union(0, Box::new(Value::Null)),
            Some(value) => Value::Union(1, Box::new(value)),
        };
        let text = |text: &str| Value::String(text.to_owned());
        let fields = [
            ("event_id", Value::Uuid(self.event_id)),
            ("store_id", Value::Int(self.store_id)),
            ("sku", Value::Int(self.sku)),
            ("qty", Value::Int(self.qty)),
            ("unit_price", Value::Decimal(Decimal::from(minimal(self.unit_price_cents)))),
            ("currency", symbol(&["USD", "EUR", "GBP", "JPY"], self.currency as usize)),
            ("channel", symbol(&["STORE", "WEB", "APP"], self.channel as usize)),
            ("customer_id", option(self.customer_id.map(Value::Long))),
            ("promo_code", option(self.promo_code.map(text))),
            ("tags", Value::Array(self.tags.iter().map(|tag| text(tag)).collect())),
            (
                "attributes",
                Value::Map(
                    self.attributes
                        .iter()
                        .map(|(name, value)| ((*name).to_owned(), text(value)))
                        .collect(),
                ),
            ),
            ("ts", Value::TimestampMillis(self.ts)),
        ];
        Value::Record(fields.map(|(name, value)| (name.to_owned(), value)).to_vec())
    }
}

/// Shortest two's complement form, found by trying: an independent check of `decimal`.
fn minimal(number: i64) -> Vec<u8> {
    (1..=8)
        .map(|length| number.to_be_bytes()[8 - length..].to_vec())
        .find(|bytes| {
            let sign = if bytes[0] & 0x80 == 0 { 0 } else { 0xff };
            let mut whole = [sign; 8];
            whole[8 - bytes.len()..].copy_from_slice(bytes);
            i64::from_be_bytes(whole) == number
        })
        .unwrap()
}

/// Encodes `count` sales of a seed at one time.
fn bodies(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let schema = Schema::parse_str(SALES_SCHEMA).unwrap();
    let mut encoder = Encoder::new(&schema, 1).unwrap();
    let mut sales = Sales::new(seed);
    (0..count)
        .map(|_| encoder.encode(sales.next(1_700_000_000_000).0).unwrap()[5..].to_vec())
        .collect()
}

#[test]
fn the_same_seed_makes_the_same_bodies_and_another_one_others() {
    let first = bodies(7, 200);
    assert_eq!(first, bodies(7, 200));
    let other = bodies(8, 200);
    assert!(first.iter().all(|body| !other.contains(body)));
}

#[test]
fn a_seed_means_this_body_on_every_machine_and_in_every_version() {
    let mut sales = Sales::new(1);
    let (sale, key) = sales.next(0);
    // Written down once: a change here changes what every seed means.
    let expected = include_str!("first_of_seed_1.txt").trim_end();
    assert_eq!(format!("{key} {sale:?}"), expected);
}

#[test]
fn a_sale_has_about_96_bytes() {
    let bytes: usize = bodies(1, 20_000).iter().map(Vec::len).sum();
    let mean = bytes / 20_000;
    assert!((92..=100).contains(&mean), "{mean}");
}

#[test]
fn sales_are_skewed_and_differ() {
    let mut sales = Sales::new(1);
    let (mut stores, mut ids) = (HashMap::<_, u32>::new(), std::collections::HashSet::new());
    let (mut known, mut promoted, mut returned) = (0, 0, 0);
    for _ in 0..20_000 {
        let (sale, key) = sales.next(0);
        assert_eq!(key, sale.store_id.to_string());
        assert!((1..=10_000_000_000).contains(&sale.unit_price_cents) && sale.qty != 0);
        *stores.entry(sale.store_id).or_default() += 1;
        ids.insert(sale.event_id);
        known += u32::from(sale.customer_id.is_some());
        promoted += u32::from(sale.promo_code.is_some());
        returned += u32::from(sale.qty < 0);
    }
    assert_eq!(ids.len(), 20_000);
    assert_eq!(stores.len(), 400);
    let largest = stores.values().max().copied().unwrap_or_default();
    assert!((400..1_000).contains(&largest), "{largest}: skewed, but no partition drowns");
    assert!((12_000..15_000).contains(&known), "{known}");
    assert!((2_700..3_300).contains(&promoted), "{promoted}");
    assert!((300..500).contains(&returned), "{returned}");
}

#[test]
fn decimals_are_as_short_as_their_sign_allows() {
    #[derive(Serialize)]
    struct Price(#[serde(serialize_with = "decimal")] i64);
    let schema = r#"{"type":"record","name":"Price","fields":[{"name":"a","type":"bytes"}]}"#;
    let schema = Schema::parse_str(schema).unwrap();
    let mut encoder = Encoder::new(&schema, 1).unwrap();
    for cents in [0, 1, 127, 128, 255, 256, 32_767, 32_768, 9_999_999_999, -1, -128, -129, i64::MIN]
    {
        let expected = minimal(cents);
        let bytes = &encoder.encode(&Price(cents)).unwrap()[5..];
        assert_eq!(usize::from(bytes[0]), expected.len() * 2, "{cents}");
        assert_eq!(&bytes[1..], expected, "{cents}");
    }
}
