use super::{Mapping, Source, map};
use crate::{ColumnType, DefaultKind, Metadata, Schema, TableColumn, TableLayout};

fn schema(fields: &[(&str, &str)]) -> Schema {
    let fields: Vec<_> =
        fields.iter().map(|(name, kind)| format!(r#"{{"name":"{name}","type":{kind}}}"#)).collect();
    let text = format!(r#"{{"type":"record","name":"R","fields":[{}]}}"#, fields.join(","));
    Schema::parse(&text, &[]).unwrap()
}

fn table(columns: &[(&str, &str, &str)]) -> TableLayout {
    let column = |(name, column_type, default): &(&str, &str, &str)| TableColumn {
        name: (*name).to_owned(),
        column_type: ColumnType::parse(column_type),
        default: DefaultKind::parse(default).unwrap(),
    };
    TableLayout {
        database: "shop".to_owned(),
        table: "sales".to_owned(),
        columns: columns.iter().map(column).collect(),
    }
}

/// Each column of the insert and where it comes from, in a few letters.
fn sources(mapping: &Mapping) -> Vec<String> {
    let source = |source: &Source| match source {
        Source::Field { path, .. } => format!("field {path:?}"),
        Source::Metadata(kind) => format!("{kind:?}"),
        Source::TypeDefault => "default".to_owned(),
    };
    let one =
        |mapped: &super::MappedColumn| format!("{} {}", mapped.column, source(&mapped.source));
    mapping.columns.iter().map(one).collect()
}

#[test]
fn columns_are_filled_by_name_whatever_their_order() {
    let schema = schema(&[("b", r#""int""#), ("a", r#""string""#), ("gone", r#""int""#)]);
    let table = table(&[
        ("a", "String", ""),
        ("extra", "Nullable(Int64)", ""),
        ("b", "Int64", ""),
        ("_offset", "UInt64", ""),
        ("_topic", "String", ""),
    ]);
    let mapping = map(&schema, &table).unwrap();
    let expected =
        ["a field [1]", "extra default", "b field [0]", "_offset Offset", "_topic Topic"];
    assert_eq!(sources(&mapping), expected);
    assert_eq!(mapping.dropped, ["gone"]);
    assert_eq!(mapping.absent, [""; 0]);
}

#[test]
fn expressions_of_the_table_are_the_servers() {
    let schema = schema(&[
        ("a", r#""int""#),
        ("given", r#""int""#),
        ("made", r#""int""#),
        ("alias", r#""int""#),
        ("ephemeral", r#""int""#),
    ]);
    let table = table(&[
        ("a", "Int32", ""),
        ("given", "Int32", "DEFAULT"),
        ("later", "Int32", "DEFAULT"),
        ("made", "Int32", "MATERIALIZED"),
        ("alias", "Int32", "ALIAS"),
        ("ephemeral", "Int32", "EPHEMERAL"),
        ("ephemeral_too", "Int32", "EPHEMERAL"),
        ("strange", "IPv4", ""),
        ("stranger", "Array(Int8)", ""),
    ]);
    let mapping = map(&schema, &table).unwrap();
    assert_eq!(sources(&mapping), ["a field [0]", "given field [1]", "ephemeral field [4]"]);
    assert_eq!(mapping.dropped, ["made", "alias"]);
    assert_eq!(mapping.absent, ["later", "ephemeral_too", "strange", "stranger"]);
}

#[test]
fn versions_that_differ_by_a_field_share_their_columns() {
    let table = table(&[("a", "Int32", ""), ("b", "Nullable(String)", ""), ("c", "Date32", "")]);
    let columns = |schema: &Schema| -> Vec<_> {
        let mapping = map(schema, &table).unwrap();
        mapping.columns.into_iter().map(|mapped| (mapped.column, mapped.column_type)).collect()
    };
    let old = columns(&schema(&[("a", r#""int""#)]));
    let new = columns(&schema(&[("b", r#"["null","string"]"#), ("a", r#""int""#)]));
    assert_eq!(old, new);
}

#[test]
fn a_mismatch_lists_everything_and_the_ways_out() {
    let schema = schema(&[
        ("a", r#""long""#),
        ("b", r#"["null","string"]"#),
        ("c", r#"{"type":"fixed","name":"F","size":4}"#),
        ("fine", r#""int""#),
        ("strange", r#""int""#),
    ]);
    let table = table(&[
        ("a", "Int32", ""),
        ("b", "String", ""),
        ("c", "String", ""),
        ("fine", "Int32", ""),
        ("strange", "IPv4", ""),
        ("_offset", "String", ""),
    ]);
    insta::assert_snapshot!(map(&schema, &table).unwrap_err());
}

#[test]
fn nothing_in_common_is_a_mismatch() {
    let table = table(&[("x", "Int32", ""), ("_topic", "String", "")]);
    let error = map(&schema(&[("a", r#""int""#)]), &table).unwrap_err();
    assert!(error.to_string().contains("no column with the name"), "{error}");
    let error = map(&Schema::parse(r#""long""#, &[]).unwrap(), &table).unwrap_err();
    assert!(error.to_string().contains("a schema that is long"), "{error}");
}

#[test]
fn metadata_columns_are_never_a_fields() {
    let schema = schema(&[("a", r#""int""#), ("_offset", r#""long""#)]);
    let mapping = map(&schema, &table(&[("a", "Int32", ""), ("_offset", "UInt64", "")])).unwrap();
    assert_eq!(sources(&mapping), ["a field [0]", "_offset Offset"]);
    assert_eq!(mapping.dropped, ["_offset"]);
}

#[test]
fn metadata_columns_have_their_types_and_close_relatives() {
    for (name, fits, not) in [
        ("_topic", "String", "Nullable(String)"),
        ("_partition", "Int64", "UInt16"),
        ("_offset", "Int64", "UInt32"),
        ("_timestamp", "DateTime64(3, 'Asia/Tokyo')", "DateTime"),
        ("_key", "String", "FixedString(4)"),
        ("_headers", "Map(LowCardinality(String), String)", "Map(String, Nullable(String))"),
    ] {
        let kind = Metadata::of_column(name).unwrap();
        let own = kind.column_type().to_string();
        for column_type in [fits, own.as_str()] {
            let mapping = Mapping::metadata_only(&table(&[(name, column_type, "")])).unwrap();
            assert_eq!(sources(&mapping), [format!("{name} {kind:?}")]);
        }
        Mapping::metadata_only(&table(&[(name, not, "")])).unwrap_err();
    }
}

#[test]
fn a_row_without_a_value_has_the_columns_of_one_with() {
    let table = table(&[("a", "Int32", ""), ("d", "Int32", "DEFAULT"), ("_topic", "String", "")]);
    let mapping = Mapping::metadata_only(&table).unwrap();
    assert_eq!(sources(&mapping), ["a default", "_topic Topic"]);
    assert_eq!(mapping.absent, ["d"]);
}
