use super::{Conversion, column_for, conversion, describe, is_writable};
use crate::{ColumnType, Schema};

const COLUMNS: [&str; 40] = [
    "Bool",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Int128",
    "UInt8",
    "UInt32",
    "UInt64",
    "Float32",
    "Float64",
    "String",
    "FixedString(16)",
    "UUID",
    "Date",
    "Date32",
    "DateTime",
    "DateTime64(3)",
    "DateTime64(3, 'UTC')",
    "DateTime64(6)",
    "DateTime64(9)",
    "Decimal(9, 2)",
    "Decimal(10, 2)",
    "Decimal(10, 3)",
    "Decimal(38, 2)",
    "Decimal(39, 2)",
    "Enum8('A' = 1)",
    "LowCardinality(String)",
    "LowCardinality(Nullable(String))",
    "LowCardinality(UInt32)",
    "Nullable(Int32)",
    "Nullable(Int64)",
    "Nullable(String)",
    "Nullable(UUID)",
    "Array(String)",
    "Array(Nullable(Int64))",
    "Map(String, String)",
    "Map(LowCardinality(String), Int64)",
    "Map(Int32, String)",
    "Tuple(Int32, String)",
];

/// Checks that `field_type` goes to exactly these of the columns above.
fn check(field_type: &str, fits: &[&str]) {
    let schema = Schema::parse(field_type, &[]).unwrap();
    let found: Vec<_> = COLUMNS
        .into_iter()
        .filter(|column| conversion(&schema, schema.root(), &ColumnType::parse(column)).is_ok())
        .collect();
    assert_eq!(found, fits, "{field_type}");
    for column in found {
        assert!(is_writable(&ColumnType::parse(column)), "{column}");
    }
}

#[test]
fn each_type_goes_where_the_table_says_and_nowhere_else() {
    const TEXTS: [&str; 4] = [
        "String",
        "LowCardinality(String)",
        "LowCardinality(Nullable(String))",
        "Nullable(String)",
    ];
    check(r#""boolean""#, &["Bool", "UInt8"]);
    check(r#""int""#, &["Int32", "Int64", "Float64", "Nullable(Int32)", "Nullable(Int64)"]);
    check(r#""long""#, &["Int64", "Nullable(Int64)"]);
    check(r#""float""#, &["Float32", "Float64"]);
    check(r#""double""#, &["Float64"]);
    check(r#""bytes""#, &["String", "Nullable(String)"]);
    check(r#""string""#, &TEXTS);
    check(r#"{"type":"enum","name":"E","symbols":["A"]}"#, &TEXTS);
    check(
        r#"{"type":"string","logicalType":"uuid"}"#,
        &[
            "String",
            "UUID",
            "LowCardinality(String)",
            "LowCardinality(Nullable(String))",
            "Nullable(String)",
            "Nullable(UUID)",
        ],
    );
    check(r#"{"type":"int","logicalType":"date"}"#, &["Date", "Date32"]);
    check(
        r#"{"type":"long","logicalType":"timestamp-millis"}"#,
        &["DateTime64(3)", "DateTime64(3, 'UTC')"],
    );
    check(r#"{"type":"long","logicalType":"timestamp-micros"}"#, &["DateTime64(6)"]);
    check(
        r#"{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}"#,
        &["Decimal(10, 2)", "Decimal(38, 2)"],
    );
    check(r#"{"type":"array","items":"string"}"#, &["Array(String)"]);
    check(r#"{"type":"array","items":["null","long"]}"#, &["Array(Nullable(Int64))"]);
    check(r#"{"type":"array","items":"long"}"#, &["Array(Nullable(Int64))"]);
    check(r#"{"type":"map","values":"string"}"#, &["Map(String, String)"]);
    check(r#"{"type":"map","values":"int"}"#, &["Map(LowCardinality(String), Int64)"]);
}

#[test]
fn null_goes_only_where_null_can_be() {
    check(r#"["null","int"]"#, &["Nullable(Int32)", "Nullable(Int64)"]);
    check(r#"["int","null"]"#, &["Nullable(Int32)", "Nullable(Int64)"]);
    check(r#"["null","string"]"#, &["LowCardinality(Nullable(String))", "Nullable(String)"]);
    check(
        r#""null""#,
        &[
            "LowCardinality(Nullable(String))",
            "Nullable(Int32)",
            "Nullable(Int64)",
            "Nullable(String)",
            "Nullable(UUID)",
        ],
    );
}

#[test]
fn the_rest_goes_nowhere_yet() {
    for field_type in [
        r#"{"type":"fixed","name":"F","size":16}"#,
        r#"{"type":"fixed","name":"F","size":16,"logicalType":"uuid"}"#,
        r#"{"type":"fixed","name":"F","size":9,"logicalType":"decimal","precision":10,"scale":2}"#,
        r#"{"type":"record","name":"R","fields":[]}"#,
        r#"["int","string"]"#,
        r#"["null","int","string"]"#,
        r#"["int"]"#,
        r#"["null",{"type":"array","items":"string"}]"#,
        r#"{"type":"int","logicalType":"time-millis"}"#,
        r#"{"type":"long","logicalType":"timestamp-nanos"}"#,
        r#"{"type":"long","logicalType":"local-timestamp-millis"}"#,
        r#"{"type":"bytes","logicalType":"decimal","precision":40,"scale":2}"#,
    ] {
        check(field_type, &[]);
        let schema = Schema::parse(field_type, &[]).unwrap();
        let sentence = column_for(&schema, schema.root()).unwrap_err();
        assert!(sentence.contains("not supported yet"), "{sentence}");
    }
}

#[test]
fn a_column_made_for_a_type_takes_it() {
    for field_type in [
        r#""boolean""#,
        r#""int""#,
        r#""long""#,
        r#""float""#,
        r#""double""#,
        r#""bytes""#,
        r#""string""#,
        r#"{"type":"enum","name":"E","symbols":["A"]}"#,
        r#"["null",{"type":"enum","name":"E","symbols":["A"]}]"#,
        r#"{"type":"string","logicalType":"uuid"}"#,
        r#"{"type":"int","logicalType":"date"}"#,
        r#"[{"type":"long","logicalType":"timestamp-millis"},"null"]"#,
        r#"{"type":"long","logicalType":"timestamp-micros"}"#,
        r#"{"type":"bytes","logicalType":"decimal","precision":38,"scale":38}"#,
        r#"{"type":"array","items":{"type":"map","values":["null","double"]}}"#,
    ] {
        let schema = Schema::parse(field_type, &[]).unwrap();
        let column = column_for(&schema, schema.root()).unwrap();
        assert!(is_writable(&column), "{column}");
        conversion(&schema, schema.root(), &column).unwrap();
        assert_eq!(ColumnType::parse(&column.to_string()), column);
    }
}

#[test]
fn both_orders_of_a_union_know_where_null_is() {
    let way = |text: &str| {
        let schema = Schema::parse(text, &[]).unwrap();
        conversion(&schema, schema.root(), &ColumnType::parse("Nullable(Int32)")).unwrap()
    };
    let nullable =
        |null_branch| Conversion::Nullable { null_branch, inner: Box::new(Conversion::Int32) };
    assert_eq!(way(r#"["null","int"]"#), nullable(Some(0)));
    assert_eq!(way(r#"["int","null"]"#), nullable(Some(1)));
    assert_eq!(way(r#""int""#), nullable(None));
}

#[test]
fn words_are_short() {
    let wide: Vec<_> =
        (0..20).map(|n| format!(r#"{{"type":"fixed","name":"F{n}","size":1}}"#)).collect();
    let schema = Schema::parse(&format!("[{}]", wide.join(",")), &[]).unwrap();
    let words = describe(&schema, schema.root());
    assert!(words.ends_with("fixed(1) or more"), "{words}");
}
