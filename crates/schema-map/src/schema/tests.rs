use proptest::prelude::*;

use super::{FIELDS_MAX, FIXED_BYTES_MAX, Kind, Logical, NESTING_MAX, Schema, TEXT_BYTES_MAX};

fn parse(text: &str) -> Schema {
    Schema::parse(text, &[]).unwrap()
}

fn problem(text: &str) -> String {
    Schema::parse(text, &[]).unwrap_err().to_string()
}

#[test]
fn attributes_of_unnamed_types_are_kept() {
    let schema = parse(
        r#"{"type":"record","name":"R","connect.name":"env","fields":[
            {"name":"t","doc":"when","default":0,"aliases":["time"],
             "type":{"type":"long","connect.version":1,"connect.name":"io.debezium.time.MicroTimestamp"}}]}"#,
    );
    let field = &schema.fields().unwrap()[0];
    assert_eq!(field.attributes["doc"], "when");
    assert_eq!(field.default, Some(0.into()));
    assert_eq!(field.aliases, ["time"]);
    let long = schema.get(field.schema);
    assert_eq!((&long.kind, long.logical), (&Kind::Long, None));
    assert_eq!(long.attributes["connect.name"], "io.debezium.time.MicroTimestamp");
    assert_eq!(schema.get(schema.root()).attributes["connect.name"], "env");
}

#[test]
fn names_are_found_in_their_namespace() {
    let schema = parse(
        r#"{"type":"record","name":"a.b.R","aliases":["Old","x.Older"],"fields":[
            {"name":"one","type":{"type":"enum","name":"E","symbols":["A"],"default":"A"}},
            {"name":"two","type":"E"},
            {"name":"three","type":"a.b.E"},
            {"name":"four","type":{"type":"record","name":"In","namespace":"c","fields":[
                {"name":"deep","type":{"type":"fixed","name":"F","size":2}},
                {"name":"self","type":["null","In"]}]}},
            {"name":"five","type":"c.F"}]}"#,
    );
    let fields = schema.fields().unwrap();
    assert_eq!(fields[0].schema, fields[1].schema);
    assert_eq!(fields[0].schema, fields[2].schema);
    assert_eq!(schema.get(fields[4].schema).kind, Kind::Fixed(2));
    let root = schema.get(schema.root()).name.clone().unwrap();
    assert_eq!(root.full, "a.b.R");
    assert_eq!(root.aliases, ["a.b.Old", "x.Older"]);
    let Kind::Record(inner) = &schema.get(fields[3].schema).kind else { panic!() };
    assert_eq!(schema.nullable(inner[1].schema), Some((0, fields[3].schema)));
}

#[test]
fn references_come_first() {
    let money = r#"{"type":"record","name":"x.Money","fields":[{"name":"m","type":"long"}]}"#;
    let price = r#"{"type":"record","name":"x.Price","fields":[{"name":"p","type":"Money"}]}"#;
    let order = r#"{"type":"record","name":"Order","fields":[{"name":"o","type":"x.Price"}]}"#;
    let schema = Schema::parse(order, &[money, price]).unwrap();
    assert_eq!(schema.get(schema.root()).name.as_ref().unwrap().full, "Order");
    let error = Schema::parse(order, &[price, money]).unwrap_err();
    assert_eq!(error.to_string(), "schema: unknown type `x.Money` at p");
}

#[test]
fn logical_types_count_only_where_they_may_stand() {
    let logical = |text: &str| {
        let schema = parse(text);
        schema.get(schema.root()).logical
    };
    let decimal =
        |rest: &str| logical(&format!(r#"{{"type":"bytes","logicalType":"decimal"{rest}}}"#));
    assert_eq!(
        decimal(r#","precision":10,"scale":2"#),
        Some(Logical::Decimal { precision: 10, scale: 2 })
    );
    assert_eq!(decimal(r#","precision":5"#), Some(Logical::Decimal { precision: 5, scale: 0 }));
    assert_eq!(decimal(""), None);
    assert_eq!(decimal(r#","precision":2,"scale":3"#), None);
    assert_eq!(decimal(r#","precision":2,"scale":-1"#), None);
    let fixed = |size, precision| {
        logical(&format!(
            r#"{{"type":"fixed","name":"F","size":{size},"logicalType":"decimal","precision":{precision}}}"#
        ))
    };
    assert!(fixed(4, 9).is_some());
    assert!(fixed(4, 10).is_none());
    assert!(fixed(16, 38).is_some());
    assert_eq!(logical(r#"{"type":"long","logicalType":"date"}"#), None);
    assert_eq!(logical(r#"{"type":"int","logicalType":"date"}"#), Some(Logical::Date));
    assert_eq!(logical(r#"{"type":"string","logicalType":"unheard-of"}"#), None);
    assert_eq!(logical(r#"{"type":{"type":"string","logicalType":"uuid"}}"#), Some(Logical::Uuid));
}

#[test]
fn what_is_not_a_schema_is_refused() {
    for text in [
        "",
        "{",
        "null",
        "7",
        "{}",
        "[]",
        r#""unheard.of""#,
        r#"{"type":"record","name":"R"}"#,
        r#"{"type":"record","fields":[]}"#,
        r#"{"type":"record","name":"1R","fields":[]}"#,
        r#"{"type":"record","name":"R","fields":[1]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"a"}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"a b","type":"int"}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}"#,
        r#"{"type":"array"}"#,
        r#"{"type":"enum","name":"E","symbols":[]}"#,
        r#"{"type":"enum","name":"E","symbols":["A","A"]}"#,
        r#"{"type":"enum","name":"E","symbols":[1]}"#,
        r#"{"type":"fixed","name":"F","size":-1}"#,
        r#"["int","int"]"#,
        r#"["int",["null","string"]]"#,
        r#"[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"F","size":1}]"#,
    ] {
        assert!(problem(text).starts_with("schema: "), "{text}");
    }
    assert!(
        parse(r#"[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"G","size":1}]"#)
            .fields()
            .is_none()
    );
}

#[test]
fn everything_has_a_limit() {
    let deep = format!(
        "{}\"int\"{}",
        r#"{"type":"array","items":"#.repeat(NESTING_MAX),
        "}".repeat(NESTING_MAX)
    );
    assert!(problem(&deep).contains("nested deeper"));
    assert!(problem(&"[".repeat(100_000)).contains("not valid JSON"));
    let fields: Vec<_> =
        (0..=FIELDS_MAX).map(|n| format!(r#"{{"name":"f{n}","type":"int"}}"#)).collect();
    let wide = format!(r#"{{"type":"record","name":"R","fields":[{}]}}"#, fields.join(","));
    assert!(problem(&wide).contains("more than 10000 fields"));
    let large = FIXED_BYTES_MAX + 1;
    assert!(problem(&format!(r#"{{"type":"fixed","name":"F","size":{large}}}"#)).contains("size"));
    let long = format!(r#"{{"type":"int","doc":"{}"}}"#, "x".repeat(TEXT_BYTES_MAX));
    assert!(problem(&long).contains("text over"));
    assert!(Schema::parse(r#""int""#, &[&long]).unwrap_err().to_string().contains("text over"));
}

proptest! {
    /// Schemas with pieces taken out or put in at random places: refused or read, no panic.
    #[test]
    fn no_text_panics(
        cut in any::<prop::sample::Index>(),
        length in 0..40_usize,
        piece in prop::sample::select(vec!["", "null", "{", "[]", "\"R\"", "\"type\":", "-1", ","]),
    ) {
        let text = include_str!("../../../../schemas/sales.avsc");
        let start = cut.index(text.len());
        let end = (start + length).min(text.len());
        if let (Some(before), Some(after)) = (text.get(..start), text.get(end..)) {
            drop(Schema::parse(&format!("{before}{piece}{after}"), &[]));
        }
    }
}

#[test]
fn apache_avro_agrees_that_sales_is_valid() {
    let text = include_str!("../../../../schemas/sales.avsc");
    apache_avro::Schema::parse_str(text).unwrap();
    assert_eq!(parse(text).fields().unwrap().len(), 12);
}
