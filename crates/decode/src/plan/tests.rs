use std::sync::Arc;

use apache_avro::types::Value as Avro;
use schema_map::{
    ColumnType, DefaultKind, Mapping, Metadata, Schema, TableColumn, TableLayout, map,
};

use super::{Plan, RecordMeta, no_headers};
use crate::{Block, Reason, Sizes, Spare};

mod expected;
mod hostile;
mod random;
mod rollback;
mod rules;

/// All primitives, all types of a sale, both orders of a nullable union, and nesting.
const EVERYTHING: &str = r#"{"type":"record","name":"Everything","fields":[
 {"name":"flag","type":"boolean"},
 {"name":"small","type":"int"},
 {"name":"wide","type":"int"},
 {"name":"float_of_int","type":"int"},
 {"name":"large","type":"long"},
 {"name":"single","type":"float"},
 {"name":"float_of_single","type":"float"},
 {"name":"twice","type":"double"},
 {"name":"raw","type":"bytes"},
 {"name":"text","type":"string"},
 {"name":"word","type":"string"},
 {"name":"id","type":{"type":"string","logicalType":"uuid"}},
 {"name":"day","type":{"type":"int","logicalType":"date"}},
 {"name":"millis","type":{"type":"long","logicalType":"timestamp-millis"}},
 {"name":"micros","type":{"type":"long","logicalType":"timestamp-micros"}},
 {"name":"d9","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
 {"name":"d18","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":2}},
 {"name":"d38","type":{"type":"bytes","logicalType":"decimal","precision":38,"scale":2}},
 {"name":"color","type":{"type":"enum","name":"Color","symbols":["RED","GREEN","BLUE"]}},
 {"name":"maybe_color","type":["Color","null"]},
 {"name":"maybe_text","type":["null","string"]},
 {"name":"maybe_large","type":["long","null"]},
 {"name":"never_null","type":"int"},
 {"name":"list","type":{"type":"array","items":"string"}},
 {"name":"numbers","type":{"type":"array","items":["null","long"]}},
 {"name":"colors","type":{"type":"array","items":"Color"}},
 {"name":"pairs","type":{"type":"map","values":"string"}},
 {"name":"nothing","type":"null"},
 {"name":"unmapped","type":{"type":"record","name":"Inner","fields":[
   {"name":"a","type":["null","int",{"type":"map","values":"Color"}]},
   {"name":"b","type":{"type":"fixed","name":"F","size":3}},
   {"name":"c","type":{"type":"array","items":"double"}}]}}]}"#;

const COLUMNS: [(&str, &str); 28] = [
    ("pairs", "Map(LowCardinality(String), String)"),
    ("flag", "UInt8"),
    ("small", "Int32"),
    ("wide", "Int64"),
    ("float_of_int", "Float64"),
    ("large", "Int64"),
    ("single", "Float32"),
    ("float_of_single", "Float64"),
    ("twice", "Float64"),
    ("raw", "String"),
    ("text", "String"),
    ("word", "LowCardinality(String)"),
    ("id", "UUID"),
    ("day", "Date32"),
    ("millis", "DateTime64(3, 'UTC')"),
    ("micros", "DateTime64(6)"),
    ("d9", "Decimal(9, 2)"),
    ("d18", "Decimal(18, 2)"),
    ("d38", "Decimal(38, 2)"),
    ("color", "LowCardinality(String)"),
    ("maybe_color", "LowCardinality(Nullable(String))"),
    ("maybe_text", "Nullable(String)"),
    ("maybe_large", "Nullable(Int64)"),
    ("never_null", "Nullable(Int32)"),
    ("list", "Array(String)"),
    ("numbers", "Array(Nullable(Int64))"),
    ("colors", "Array(LowCardinality(String))"),
    ("nothing", "Nullable(UUID)"),
];

fn table(columns: &[(&str, &str)]) -> TableLayout {
    let column = |(name, column_type): &(&str, &str)| TableColumn {
        name: (*name).to_owned(),
        column_type: ColumnType::parse(column_type),
        default: DefaultKind::None,
    };
    TableLayout {
        database: "d".to_owned(),
        table: "t".to_owned(),
        columns: columns.iter().map(column).collect(),
    }
}

fn plan(schema: &str, columns: &[(&str, &str)]) -> Plan {
    let schema = Schema::parse(schema, &[]).unwrap();
    Plan::compile(&schema, &map(&schema, &table(columns)).unwrap()).unwrap()
}

fn record(offset: i64) -> RecordMeta<'static> {
    RecordMeta {
        topic: "topic",
        partition: 1,
        offset,
        timestamp_ms: 5,
        key: None,
        headers: &no_headers,
    }
}

fn datum(schema: &apache_avro::Schema, value: &Avro) -> Vec<u8> {
    let writer = apache_avro::writer::datum::GenericDatumWriter::builder(schema).build().unwrap();
    writer.write_value_to_vec(value.clone()).unwrap()
}

fn frozen(block: Block) -> Vec<u8> {
    block.freeze().chunks.concat()
}

#[test]
fn lists_are_equal_by_names_and_types_alone() {
    let schema = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#;
    let one = plan(schema, &[("a", "Int32"), ("b", "String")]);
    let same = plan(schema, &[("a", "Int32"), ("b", "String")]);
    assert_eq!(one.columns(), same.columns());
    assert_eq!(one.fingerprint(), same.fingerprint());
    for columns in [
        &[("a", "Int64"), ("b", "String")][..],
        &[("b", "String"), ("a", "Int32")],
        &[("a", "Int32")],
        &[("a", "Int32"), ("c", "String")],
    ] {
        let other = plan(schema, columns);
        assert_ne!(one.columns(), other.columns());
        assert_ne!(one.fingerprint(), other.fingerprint());
    }
    assert_eq!(one.columns().insert_list(), "`a`, `b`");
}

#[test]
#[should_panic(expected = "one column list")]
fn a_block_of_another_list_is_a_bug() {
    let schema = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#;
    let other = plan(schema, &[("a", "Int64")]);
    let mut block = Block::new(other.columns());
    plan(schema, &[("a", "Int32")]).decode(&[2], &record(0), &mut block).unwrap_err();
}

#[test]
fn a_mapping_of_another_schema_is_refused() {
    let columns = table(&[("a", "Int32")]);
    let of = |fields: &str| {
        Schema::parse(&format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#), &[])
            .unwrap()
    };
    let schema = of(r#"{"name":"a","type":"int"}"#);
    let mapping = map(&schema, &columns).unwrap();
    assert!(Plan::compile(&of(""), &mapping).is_err());
    let list = of(r#"{"name":"a","type":{"type":"array","items":"int"}}"#);
    let mapping = map(&list, &table(&[("a", "Array(Int32)")])).unwrap();
    assert!(Plan::compile(&schema, &mapping).is_err());
    assert!(Plan::metadata_only(&mapping).is_err());
}

#[test]
fn records_without_a_value_have_metadata_and_defaults() {
    let mut columns =
        Metadata::ALWAYS.map(|kind| (kind.column(), kind.column_type().to_string())).to_vec();
    columns.push(("n", "Nullable(Int32)".to_owned()));
    let columns: Vec<_> = columns.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let plan = Plan::metadata_only(&Mapping::metadata_only(&table(&columns)).unwrap()).unwrap();
    let mut block = Block::new(plan.columns());
    plan.decode(&[], &record(9), &mut block).unwrap();
    assert!(plan.decode(&[0], &record(10), &mut block).is_err());
    for bad in [record(-1), RecordMeta { partition: -1, ..record(10) }] {
        let error = plan.decode(&[], &bad, &mut block).unwrap_err();
        assert_eq!(error.reason, Reason::OutOfRange);
    }
    assert_eq!(block.rows(), 1);
    let values =
        [Avro::String("topic".to_owned()), Avro::Int(1), Avro::Long(9), Avro::Long(5), Avro::Null];
    let expected = expected::block(plan.columns(), &[values.to_vec()]);
    assert_eq!(frozen(block), expected);
}

#[test]
fn sizes_of_one_block_fit_the_next() {
    let plan = plan(EVERYTHING, &COLUMNS);
    let block = Block::new(plan.columns());
    let next = Block::with_capacity_of(plan.columns(), &block.sizes());
    assert!(Arc::ptr_eq(next.columns(), plan.columns()));
    assert_eq!((next.rows(), next.bytes() <= 64), (0, true));
}

#[test]
fn a_block_in_used_buffers_is_like_any_other() {
    let schema = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}"#;
    let plan = plan(schema, &[("a", "String"), ("b", "LowCardinality(String)")]);
    let (mut spare, mut sizes) = (Spare::new(1 << 20), Sizes::default());
    let mut blocks = Vec::new();
    for _ in 0..3 {
        let mut block = Block::reusing(plan.columns(), &sizes, &mut spare);
        assert_eq!((block.rows(), spare.bytes()), (0, 0));
        for _ in 0..5_000 {
            plan.decode(&[4, b'a', b'b'], &record(0), &mut block).unwrap();
        }
        sizes = block.sizes();
        let frozen = block.freeze();
        blocks.push(frozen.chunks.concat());
        spare.keep(frozen);
        assert!(spare.bytes() > 20_000, "{}", spare.bytes());
    }
    assert_eq!(blocks[0], blocks[1]);
    assert_eq!(blocks[1], blocks[2]);
}

#[test]
fn plans_are_shared_and_blocks_are_moved_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    fn moved<T: Send>(_: &T) {}
    let plan = plan(EVERYTHING, &COLUMNS);
    shared(&plan);
    moved(&Block::new(plan.columns()));
    moved(&Spare::default());
}
