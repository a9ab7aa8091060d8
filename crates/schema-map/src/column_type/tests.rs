use super::ColumnType;

fn check_spelling(text: &str) {
    let parsed = ColumnType::parse(text);
    assert!(!matches!(parsed, ColumnType::Other(_)), "{text} was not understood");
    assert_eq!(parsed.to_string(), text);
}

#[test]
fn the_spelling_of_clickhouse_survives() {
    for text in [
        "Bool",
        "Int8",
        "UInt256",
        "Float32",
        "String",
        "FixedString(16)",
        "UUID",
        "Date",
        "Date32",
        "DateTime",
        "DateTime('UTC')",
        "DateTime64(3)",
        "DateTime64(6, 'Europe/Berlin')",
        "Decimal(10, 2)",
        "Decimal(76, 76)",
        "LowCardinality(String)",
        "LowCardinality(Nullable(String))",
        "Nullable(Decimal(38, 9))",
        "Array(Array(Nullable(Int64)))",
        "Map(LowCardinality(String), Array(UInt8))",
        "Enum8('a' = 1, 'it\\'s' = -2)",
        "Enum16('x' = 1000)",
        "Tuple(Int32, String)",
        "Tuple(a Int32, `b c` Nullable(String))",
        "Tuple(`String` Array(Int8))",
    ] {
        check_spelling(text);
    }
}

#[test]
fn spaces_do_not_matter() {
    assert_eq!(
        ColumnType::parse(" Map( String ,Decimal( 10,2 ) ) "),
        ColumnType::Map(
            Box::new(ColumnType::String),
            Box::new(ColumnType::Decimal { precision: 10, scale: 2 })
        )
    );
}

#[test]
fn what_is_unknown_is_kept_as_it_was() {
    for text in [
        "",
        "JSON",
        "AggregateFunction(sum, UInt64)",
        "Array(JSON)",
        "Int32(5)",
        "Decimal(77, 0)",
        "Decimal(5, 6)",
        "DateTime64(10)",
        "Enum8('a' = 300)",
        "FixedString(-1)",
        "Nullable(Int8",
        "Nullable(Int8))",
        "DateTime('UTC",
        "Enum8('\\q' = 1)",
    ] {
        assert_eq!(ColumnType::parse(text), ColumnType::Other(text.to_owned()));
    }
}

#[test]
fn deep_nesting_is_not_followed() {
    let deep = format!("{}Int8{}", "Array(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(ColumnType::parse(&deep), ColumnType::Other(deep.clone()));
}

#[test]
fn nullable_is_seen_through_low_cardinality() {
    assert!(ColumnType::parse("LowCardinality(Nullable(String))").is_nullable());
    assert!(ColumnType::parse("Nullable(Int8)").is_nullable());
    assert!(!ColumnType::parse("Array(Nullable(Int8))").is_nullable());
}
