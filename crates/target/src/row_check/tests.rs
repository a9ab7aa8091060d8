use schema_map::{ColumnType, TableColumn};

use super::*;

fn has(columns: [(&str, &str, DefaultKind); 3]) -> bool {
    let columns = columns.map(|(name, text, default)| TableColumn {
        name: name.to_owned(),
        column_type: ColumnType::parse(text),
        default,
    });
    let (database, table) = ("shop".to_owned(), "sales".to_owned());
    has_columns(&TableLayout { database, table, columns: columns.into() })
}

#[test]
fn rows_are_told_by_topic_partition_and_offset() {
    use DefaultKind::{Alias, Default, Materialized, None};
    let topic = ("_topic", "LowCardinality(String)", None);
    let partition = ("_partition", "UInt32", None);
    let offset = ("_offset", "UInt64", None);
    assert!(has([topic, partition, offset]));
    assert!(has([("_topic", "String", Default), ("_partition", "Int32", None), offset]));
    for columns in [
        [topic, partition, ("_offset", "String", None)],
        [topic, partition, ("offset", "UInt64", None)],
        [("_topic", "UInt8", None), partition, offset],
        [("_topic", "String", Alias), partition, offset],
        [topic, partition, ("_offset", "UInt64", Materialized)],
    ] {
        assert!(!has(columns), "{columns:?}");
    }
}
