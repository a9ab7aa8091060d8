use super::*;

const SALES: &str = "
name: sales
source:
  topics: [sales]
target:
  database: shop
  table: sales
";

/// Pointers of the problems with the least document after `change` replaced `what`.
fn pointers(what: &str, change: &str) -> Vec<String> {
    assert!(SALES.contains(what), "{what}");
    match Pipeline::from_yaml(&SALES.replace(what, change)) {
        Ok(_) => Vec::new(),
        Err(invalid) => invalid.problems.into_iter().map(|problem| problem.pointer).collect(),
    }
}

/// Pointers of the problems with the least document and one more line.
fn with(line: &str) -> Vec<String> {
    pointers("name: sales\n", &format!("name: sales\n{line}\n"))
}

fn in_source(line: &str) -> Vec<String> {
    pointers("topics: [sales]\n", &format!("topics: [sales]\n  {line}\n"))
}

fn in_target(line: &str) -> Vec<String> {
    pointers("database: shop\n", &format!("database: shop\n  {line}\n"))
}

#[test]
fn what_does_not_exist_yet_is_refused() {
    for (found, pointer) in [
        (in_source("format: json"), "/source/format"),
        (in_source("format: json-schema"), "/source/format"),
        (in_source("format: protobuf"), "/source/format"),
        (in_source("key_format: avro"), "/source/key_format"),
        (in_source("envelope: debezium"), "/source/envelope"),
        (in_source("records: [shop.Sale]"), "/source/records"),
        (in_source("pattern: \"shop.*\""), "/source/pattern"),
        (in_target("engine: SummingMergeTree"), "/target/engine"),
        (in_target("engine: ReplacingMergeTree(v)"), "/target/engine"),
        (with("evolution: add-columns"), "/evolution"),
        (with("columns: {exclude: [a]}"), "/columns/exclude"),
        (with("columns: {rename: {a: b}}"), "/columns/rename"),
        (with("columns: {metadata: [topic, partition, offset]}"), "/columns/metadata"),
        (with("columns: {metadata: [key]}"), "/columns/metadata"),
        (with("sql: SELECT * FROM input"), "/sql"),
    ] {
        assert_eq!(found, [pointer]);
    }
}

#[test]
fn what_exists_is_accepted() {
    for found in [
        in_source("format: avro"),
        in_source("key_format: string"),
        in_source("start: latest"),
        in_source("start: {timestamp: 0}"),
        in_source("null_value: dead-letter"),
        in_target("engine: ReplacingMergeTree"),
        in_target("order_by: [store_id, toDate(ts), \"größe-1\"]"),
        in_target("partition_by: toYYYYMM(ts, 'UTC')"),
        with("columns: {metadata: [key, topic, partition, offset, timestamp]}"),
        with("batch: {rows_max: 1000000}"),
        with("workers: 64"),
    ] {
        assert_eq!(found, [""; 0]);
    }
}

#[test]
fn names_are_checked() {
    let long = |length| "x".repeat(length);
    for name in ["", "Sales", "a_b", "a.b", "ä", long(64).as_str()] {
        assert_eq!(pointers("name: sales", &format!("name: {name:?}")), ["/name"], "{name}");
    }
    assert_eq!(pointers("name: sales", &format!("name: {}", long(63))), [""; 0]);
    for topic in ["", "..", "a b", "a/b", long(250).as_str()] {
        assert_eq!(pointers("[sales]", &format!("[{topic:?}]")), ["/source/topics/0"], "{topic}");
    }
    for table in ["", "a`b", "a b", "a'b", "a\\\\b", long(128).as_str()] {
        let change = format!("table: \"{table}\"");
        assert_eq!(pointers("table: sales", &change), ["/target/table"], "{table}");
    }
    assert_eq!(pointers("shop", "System"), ["/target/database"]);
    assert_eq!(pointers("shop", "größe"), [""; 0]);
    assert_eq!(in_source("group: a b"), ["/source/group"]);
    assert_eq!(with("labels: {\"a/b c\": d}"), ["/labels/a~1b c"]);
}

#[test]
fn limits_are_checked() {
    for (line, pointer) in [
        ("batch: {rows_max: 0}", "/batch/rows_max"),
        ("batch: {rows_max: 1000001}", "/batch/rows_max"),
        ("batch: {bytes_max: 65535}", "/batch/bytes_max"),
        ("batch: {bytes_max: 268435457}", "/batch/bytes_max"),
        ("batch: {age_ms: 0}", "/batch/age_ms"),
        ("batch: {age_ms_max: 600001}", "/batch/age_ms_max"),
        ("batch: {age_ms: 501, age_ms_max: 500}", "/batch/age_ms"),
        ("workers: 0", "/workers"),
        ("workers: 65", "/workers"),
    ] {
        assert_eq!(with(line), [pointer], "{line}");
    }
    assert_eq!(pointers("[sales]", "[]"), ["/source/topics"]);
    assert_eq!(pointers("[sales]", "[a, b, a]"), ["/source/topics/2"]);
    assert_eq!(in_source("start: {timestamp: -1}"), ["/source/start/timestamp"]);
    assert_eq!(in_target("order_by: [a, a]"), ["/target/order_by/1"]);
}

#[test]
fn an_expression_cannot_leave_its_place_or_vary() {
    for text in [
        "",
        "ts) SETTINGS (x",
        "f(ts",
        "f(')",
        "f(ts); DROP TABLE t",
        "f(ts) -- rest",
        "f(ts) /* rest",
        "a\\\\'b",
        "`a`",
        "toYYYYMM(now())",
        "toYYYYMM(NOW64(3))",
        "rand() % 4",
    ] {
        let found = in_target(&format!("partition_by: \"{text}\""));
        assert_eq!(found, ["/target/partition_by"], "{text}");
        let found = in_target(&format!("order_by: [id, \"{text}\"]"));
        assert_eq!(found, ["/target/order_by/1"], "{text}");
    }
    for text in ["toYYYYMM(ts)", "(store_id, toDate(ts))", "known", "f(a, 'it''s (')"] {
        assert_eq!(in_target(&format!("partition_by: \"{text}\"")), [""; 0], "{text}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let text = SALES.replace("name: sales\n", "name: Sales\nworkers: 0\nsql: SELECT 1\n");
    let invalid = Pipeline::from_yaml(&text).unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "invalid pipeline: /name: must be 1 to 63 of a-z, 0-9 and `-`; /sql: sinks cannot run \
         it yet; /workers: must be 1 to 64, not 0"
    );
}
