//! Every type there is lands with the value it was written with.

use apache_avro::types::Value as Avro;
use decode::{Block, HeaderVisitor, RecordMeta};
use schema_map::Schema;
use serde_json::{Value, json};

use crate::fixture::{Database, datum, record};

const EVERYTHING: &str = r#"{"type":"record","name":"Everything","fields":[
 {"name":"flag","type":"boolean"},
 {"name":"small","type":"int"},
 {"name":"large","type":"long"},
 {"name":"single","type":"float"},
 {"name":"twice","type":"double"},
 {"name":"raw","type":"bytes"},
 {"name":"text","type":"string"},
 {"name":"id","type":{"type":"string","logicalType":"uuid"}},
 {"name":"day","type":{"type":"int","logicalType":"date"}},
 {"name":"millis","type":{"type":"long","logicalType":"timestamp-millis"}},
 {"name":"micros","type":{"type":"long","logicalType":"timestamp-micros"}},
 {"name":"d9","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":0}},
 {"name":"d18","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":2}},
 {"name":"d38","type":{"type":"bytes","logicalType":"decimal","precision":38,"scale":10}},
 {"name":"color","type":{"type":"enum","name":"Color","symbols":["RED","GREEN","BLUE"]}},
 {"name":"maybe_color","type":["Color","null"]},
 {"name":"maybe_text","type":["null","string"]},
 {"name":"maybe_id","type":["null",{"type":"string","logicalType":"uuid"}]},
 {"name":"maybe_d9","type":["null",{"type":"bytes","logicalType":"decimal","precision":9,"scale":3}]},
 {"name":"maybe_day","type":[{"type":"int","logicalType":"date"},"null"]},
 {"name":"list","type":{"type":"array","items":"string"}},
 {"name":"numbers","type":{"type":"array","items":["null","long"]}},
 {"name":"colors","type":{"type":"array","items":"Color"}},
 {"name":"nested","type":{"type":"array","items":{"type":"array","items":"int"}}},
 {"name":"pairs","type":{"type":"map","values":"string"}},
 {"name":"by_name","type":{"type":"map","values":{"type":"array","items":"Color"}}}]}"#;

#[tokio::test]
async fn every_type_lands_with_its_value() -> anyhow::Result<()> {
    let database = Database::create().await?;
    let schema = Schema::parse(EVERYTHING, &[])?;
    database.create_table(&schema).await?;
    let plan = database.plan(&schema).await?;
    let mut block = Block::new(plan.columns());
    for (offset, (avro, _)) in [full(), bare()].into_iter().enumerate() {
        let bytes = datum(EVERYTHING, avro)?;
        plan.decode(&bytes, &record(offset as i64), &mut block)?;
    }
    database.insert(block).await?;
    let rows = database.rows("* EXCEPT (_topic, _partition, _offset, _timestamp, _key, _headers)");
    assert_eq!(rows.await?, [full().1, bare().1]);
    Ok(())
}

#[tokio::test]
async fn what_kafka_says_lands_too() -> anyhow::Result<()> {
    let database = Database::create().await?;
    let schema = r#"{"type":"record","name":"R","fields":[{"name":"x","type":"int"}]}"#;
    let schema = Schema::parse(schema, &[])?;
    database.create_table(&schema).await?;
    let plan = database.plan(&schema).await?;
    let mut block = Block::new(plan.columns());
    let headers = |visit: &mut HeaderVisitor<'_>| {
        visit("b", Some(b"2"));
        visit("a", None);
        visit("b", Some(b"3"));
    };
    let full = RecordMeta { key: Some(b"k"), headers: &headers, ..record(7) };
    plan.decode(&[2], &full, &mut block)?;
    plan.decode(&[2], &RecordMeta { timestamp_ms: -1, ..record(8) }, &mut block)?;
    database.insert(block).await?;
    let rows = database
        .rows("_topic, _partition, _offset, _timestamp, _key, toString(_headers), x")
        .await?;
    assert_eq!(
        rows,
        [
            json!(["topic", 3, 7, "2026-09-21 14:13:20.123", "k", "{'b':'2','a':'','b':'3'}", 1]),
            json!(["topic", 3, 8, "1970-01-01 00:00:00.000", null, "{}", 1]),
        ]
    );
    Ok(())
}

/// A record in which every value is there, and its row.
fn full() -> (Avro, Value) {
    let text = |text: &str| Avro::String(text.to_owned());
    let color = |index, symbol: &str| Avro::Enum(index, symbol.to_owned());
    let there = |branch, value| Avro::Union(branch, Box::new(value));
    let pairs = [
        ("flag", Avro::Boolean(true), json!(true)),
        ("small", Avro::Int(i32::MIN), json!(i32::MIN)),
        ("large", Avro::Long(i64::MAX), json!(i64::MAX)),
        ("single", Avro::Float(1.5), json!(1.5)),
        ("twice", Avro::Double(-2.25e-10), json!(-2.25e-10)),
        ("raw", Avro::Bytes(b"\x01ab".to_vec()), json!("\u{1}ab")),
        ("text", text(&"grün ".repeat(50)), json!("grün ".repeat(50))),
        (
            "id",
            text("00112233-4455-6677-8899-AABBccddeeff"),
            json!("00112233-4455-6677-8899-aabbccddeeff"),
        ),
        ("day", Avro::Date(-25_567), json!("1900-01-01")),
        ("millis", Avro::TimestampMillis(1_790_000_000_123), json!("2026-09-21 14:13:20.123")),
        ("micros", Avro::TimestampMicros(-1), json!("1969-12-31 23:59:59.999999")),
        ("d9", decimal(-999_999_999), json!("-999999999")),
        ("d18", decimal(123_456_789_012_345_678), json!("1234567890123456.78")),
        ("d38", decimal(-(10_i128.pow(38) - 1)), json!("-9999999999999999999999999999.9999999999")),
        ("color", color(2, "BLUE"), json!("BLUE")),
        ("maybe_color", there(0, color(1, "GREEN")), json!("GREEN")),
        ("maybe_text", there(1, text("")), json!("")),
        (
            "maybe_id",
            there(1, text("ffffffff-0000-1111-2222-333333333333")),
            json!("ffffffff-0000-1111-2222-333333333333"),
        ),
        ("maybe_d9", there(1, decimal(-1)), json!("-0.001")),
        ("maybe_day", there(0, Avro::Date(120_529)), json!("2299-12-31")),
        ("list", Avro::Array(vec![text("a"), text(""), text("c")]), json!(["a", "", "c"])),
        (
            "numbers",
            Avro::Array(vec![there(1, Avro::Long(-3)), there(0, Avro::Null)]),
            json!([-3, null]),
        ),
        (
            "colors",
            Avro::Array(vec![color(1, "GREEN"), color(0, "RED"), color(1, "GREEN")]),
            json!(["GREEN", "RED", "GREEN"]),
        ),
        (
            "nested",
            Avro::Array(vec![Avro::Array(vec![]), Avro::Array(vec![Avro::Int(1), Avro::Int(-2)])]),
            json!([[], [1, -2]]),
        ),
        ("pairs", Avro::Map([("k".to_owned(), text("v"))].into()), json!({"k": "v"})),
        (
            "by_name",
            Avro::Map([("k".to_owned(), Avro::Array(vec![color(0, "RED")]))].into()),
            json!({"k": ["RED"]}),
        ),
    ];
    let row = pairs.iter().map(|(_, _, row)| row.clone()).collect();
    let fields = pairs.into_iter().map(|(name, value, _)| (name.to_owned(), value)).collect();
    (Avro::Record(fields), Value::Array(row))
}

/// A record in which everything is as small as it can be, and its row.
fn bare() -> (Avro, Value) {
    let (Avro::Record(mut fields), Value::Array(mut row)) = full() else { unreachable!() };
    let mut set = |name: &str, value: Avro, shown: Value| {
        let pairs = fields.iter_mut().zip(&mut row);
        for ((_, old), old_shown) in pairs.filter(|((field, _), _)| field == name) {
            *old = value.clone();
            *old_shown = shown.clone();
        }
    };
    let missing = |branch| Avro::Union(branch, Box::new(Avro::Null));
    set("flag", Avro::Boolean(false), json!(false));
    set("small", Avro::Int(0), json!(0));
    set("raw", Avro::Bytes(vec![]), json!(""));
    set("text", Avro::String(String::new()), json!(""));
    set("d9", decimal(0), json!("0"));
    set("d38", decimal(1), json!("0.0000000001"));
    set("color", Avro::Enum(0, "RED".to_owned()), json!("RED"));
    set("maybe_color", missing(1), json!(null));
    set("maybe_text", missing(0), json!(null));
    set("maybe_id", missing(0), json!(null));
    set("maybe_d9", missing(0), json!(null));
    set("maybe_day", missing(1), json!(null));
    for list in ["list", "numbers", "colors", "nested"] {
        set(list, Avro::Array(vec![]), json!([]));
    }
    set("pairs", Avro::Map([].into()), json!({}));
    set("by_name", Avro::Map([].into()), json!({}));
    (Avro::Record(fields), Value::Array(row))
}

fn decimal(unscaled: i128) -> Avro {
    Avro::Decimal(unscaled.to_be_bytes().to_vec().into())
}
