use super::{NewTable, create_table};
use crate::{Metadata, Schema};

const SALES: &str = include_str!("../../../../schemas/sales.avsc");

const TABLE: NewTable<'static> = NewTable {
    database: "shop",
    table: "sales",
    engine: "MergeTree",
    order_by: &[],
    partition_by: None,
    extra_metadata: &[],
};

fn schema(fields: &str) -> Schema {
    let text = format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#);
    Schema::parse(&text, &[]).unwrap()
}

fn refused(fields: &str, table: &NewTable<'_>) -> String {
    create_table(&schema(fields), table).unwrap_err().to_string()
}

#[test]
fn the_table_of_sales() {
    let sales = Schema::parse(SALES, &[]).unwrap();
    insta::assert_snapshot!("sales", create_table(&sales, &TABLE).unwrap());
    let order_by = ["store_id".to_owned(), "ts".to_owned()];
    let table = NewTable {
        engine: "ReplacingMergeTree",
        order_by: &order_by,
        partition_by: Some("toYYYYMM(ts)"),
        extra_metadata: &[Metadata::Key, Metadata::Headers],
        ..TABLE
    };
    insta::assert_snapshot!("sales_replacing", create_table(&sales, &table).unwrap());
}

#[test]
fn names_stay_names() {
    let table = NewTable { database: "a`b", table: "x\\`; DROP TABLE y", ..TABLE };
    let ddl = create_table(&schema(r#"{"name":"select","type":"int"}"#), &table).unwrap();
    assert!(ddl.contains("`a\\`b`.`x\\\\\\`; DROP TABLE y`\n"), "{ddl}");
    assert!(ddl.contains("    `select` Int32,"), "{ddl}");
}

#[test]
fn engines_are_of_the_family_that_deduplicates() {
    let with = |engine| {
        create_table(&schema(r#"{"name":"v","type":"int"}"#), &NewTable { engine, ..TABLE })
    };
    for (engine, written) in [
        ("MergeTree", "MergeTree"),
        ("ReplacingMergeTree", "ReplacingMergeTree(`_offset`)"),
        ("ReplacingMergeTree()", "ReplacingMergeTree(`_offset`)"),
        ("ReplacingMergeTree(v)", "ReplacingMergeTree(v)"),
        ("ReplicatedMergeTree('/a/{shard}', 'r')", "ReplicatedMergeTree('/a/{shard}', 'r')"),
    ] {
        let ddl = with(engine).unwrap();
        assert!(ddl.contains(&format!("\nENGINE = {written}\nORDER BY")), "{ddl}");
    }
    for engine in [
        "",
        "Memory",
        "MergeTree ORDER BY v",
        "MergeTree) AS SELECT (1",
        "MergeTree() ORDER BY (v)",
        "MergeTree(v) SETTINGS x = lower(y)",
        "MergeTree(v) v)",
        "MergeTree; DROP TABLE x",
        "MergeTree('",
        "Buffer('x', MergeTree)",
    ] {
        with(engine).unwrap_err();
    }
}

#[test]
fn expressions_stay_inside_their_brackets() {
    let field = r#"{"name":"a","type":"int"},{"name":"n","type":["null","int"]}"#;
    let order = |wanted: &str| {
        let order_by = [wanted.to_owned()];
        create_table(&schema(field), &NewTable { order_by: &order_by, ..TABLE })
    };
    assert!(order("intHash32(a) % 7").unwrap().contains("ORDER BY (intHash32(a) % 7)\n"));
    assert!(order("a").unwrap().contains("ORDER BY (`a`)\n"));
    assert!(order("concat('it\\'s)', ')')").is_ok());
    assert!(order("n").unwrap_err().to_string().contains("nullable"));
    for wanted in
        ["", "a) SETTINGS (x", "a; SELECT 1", "a -- b", "a /* b", "a) b", "(a", "'a", "a # b"]
    {
        order(wanted).unwrap_err();
        let partition_by = NewTable { partition_by: Some(wanted), ..TABLE };
        create_table(&schema(field), &partition_by).unwrap_err();
    }
}

#[test]
fn what_has_no_column_yet_is_named() {
    let inner = r#"{"name":"a","type":{"type":"record","name":"I","fields":[]}}"#;
    assert_eq!(refused(inner, &TABLE), "schema: record I is not supported yet at a");
    let list = r#"{"name":"a","type":["null",{"type":"array","items":"int"}]}"#;
    let message = refused(list, &TABLE);
    assert!(message.contains("null or array of int is not supported yet"), "{message}");
    let time = r#"{"name":"a","type":{"type":"int","logicalType":"time-millis"}}"#;
    assert!(refused(time, &TABLE).contains("time-millis on int is not supported yet"));
    let wide = r#"{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":39}}"#;
    assert!(refused(wide, &TABLE).contains("decimal(39, 0) on bytes is not supported yet"));
    let own = r#"{"name":"_offset","type":"long"}"#;
    assert!(refused(own, &TABLE).contains("metadata column"));
    let bare = Schema::parse(r#""string""#, &[]).unwrap();
    create_table(&bare, &TABLE).unwrap_err();
}
