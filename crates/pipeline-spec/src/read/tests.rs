use super::*;
use crate::{
    Batch, Delivery, Envelope, Evolution, Format, KeyFormat, MetadataColumn, NullValue, OnError,
    Start, State,
};

const LEAST: &str = "
name: sales
source: {topics: [sales]}
target: {database: shop, table: sales}
";

const FULL: &str = r#"
name: sales                    # comments are welcome
labels: {team: retail}
source:
  topics: [sales, "returns"]
  format: avro
  key_format: bytes
  envelope: none
  records: []
  null_value: row
  group: penstock.sales
  start: {timestamp: 1763700000000}
target:
  database: shop
  table: sales
  create: false
  order_by: [store_id, ts]
  partition_by: toYYYYMM(ts)
  engine: ReplacingMergeTree
  accept_unverified_engine: true
evolution: none
columns: {exclude: [], rename: {}, metadata: [topic, partition, offset, timestamp, key, headers]}
sql: null
delivery: at-least-once
batch: {rows_max: 1000, bytes_max: 1048576, age_ms: 100, age_ms_max: 200}
on_error: stop
workers: 4
state: paused
"#;

fn read(text: &str) -> Pipeline {
    Pipeline::from_yaml(text).unwrap()
}

/// The pointer and message of the one problem that stops reading.
fn refusal(text: &str) -> (String, String) {
    let mut problems = Pipeline::from_yaml(text).unwrap_err().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    let Problem { pointer, message } = problems.remove(0);
    (pointer, message)
}

#[test]
fn what_is_left_out_has_the_documented_default() {
    let pipeline = read(LEAST);
    let source = &pipeline.source;
    assert_eq!(
        (source.format, source.key_format, source.envelope, source.null_value, source.start),
        (Format::Auto, KeyFormat::Auto, Envelope::None, NullValue::Skip, Start::Earliest)
    );
    let target = &pipeline.target;
    assert_eq!((target.create, target.engine.as_str()), (true, "MergeTree"));
    assert!(target.order_by.is_empty() && target.partition_by.is_none());
    assert!(!target.accept_unverified_engine);
    assert_eq!(pipeline.evolution, Evolution::None);
    assert_eq!(pipeline.columns.metadata.0, MetadataColumn::ALWAYS);
    assert_eq!(pipeline.sql, None);
    assert_eq!(pipeline.delivery, Delivery::ExactlyOnce);
    assert_eq!(
        pipeline.batch,
        Batch { rows_max: 500_000, bytes_max: 16_777_216, age_ms: 500, age_ms_max: 10_000 }
    );
    assert_eq!(
        (pipeline.on_error, pipeline.workers, pipeline.state),
        (OnError::DeadLetter, 1, State::Running)
    );
}

#[test]
fn every_field_is_read() {
    let pipeline = read(FULL);
    assert_eq!(pipeline.labels.get("team").map(String::as_str), Some("retail"));
    assert_eq!(pipeline.source.topics, ["sales", "returns"]);
    assert_eq!(pipeline.source.start, Start::Timestamp(1_763_700_000_000));
    assert_eq!(pipeline.source.null_value, NullValue::Row);
    assert_eq!(pipeline.target.order_by, ["store_id", "ts"]);
    assert_eq!(pipeline.target.partition_by.as_deref(), Some("toYYYYMM(ts)"));
    assert!(!pipeline.target.create);
    assert!(pipeline.columns.metadata.contains(MetadataColumn::Headers));
    assert_eq!(pipeline.delivery, Delivery::AtLeastOnce);
    assert_eq!(pipeline.batch.age_ms_max, 200);
    assert_eq!((pipeline.workers, pipeline.state), (4, State::Paused));
}

#[test]
fn json_is_read_too_and_comes_back_as_it_went() {
    let pipeline = read(FULL);
    let json = serde_json::to_string(&pipeline).unwrap();
    assert_eq!(read(&json), pipeline);
    assert_eq!(read(&serde_saphyr::to_string(&pipeline).unwrap()), pipeline);
}

#[test]
fn an_unknown_field_is_named_with_its_place() {
    let (pointer, message) = refusal(&LEAST.replace("table: sales", "tabel: sales"));
    assert_eq!(pointer, "/target/tabel");
    assert!(message.contains("tabel") && message.contains("line 4, column"), "{message}");
    assert!(message.ends_with("did you mean table?"), "{message}");
    let (_, message) = refusal(&format!("{LEAST}delivery: exactly_once\n"));
    assert!(message.ends_with("did you mean exactly-once?"), "{message}");
    let (_, message) = refusal(&format!("{LEAST}colour: red\n"));
    assert!(!message.contains("did you mean"), "{message}");
}

#[test]
fn a_value_of_the_wrong_kind_is_named_with_its_place() {
    let (pointer, message) = refusal(&format!("{LEAST}batch: {{age_ms: soon}}\n"));
    assert_eq!(pointer, "/batch/age_ms");
    assert!(message.contains("line 5"), "{message}");
}

#[test]
fn a_missing_field_is_named() {
    let (_, message) = refusal("name: sales\nsource: {topics: [sales]}\n");
    assert!(message.contains("target"), "{message}");
}

#[test]
fn a_key_given_twice_is_refused() {
    let (_, message) = refusal(&format!("{LEAST}name: other\n"));
    assert!(message.contains("name"), "{message}");
}

#[test]
fn text_that_is_not_a_document_is_refused() {
    for text in ["", "[]", "a: b: c", "{", "\t", "- 1\n--- \n- 2", "name: &a [*a]"] {
        let problems = Pipeline::from_yaml(text).unwrap_err().problems;
        assert_eq!(problems.len(), 1, "{text:?}");
    }
}

#[test]
fn size_nesting_and_aliases_are_limited() {
    let long = format!("{LEAST}#{}", "x".repeat(BYTES_MAX));
    assert!(refusal(&long).1.contains("longer than 262144 bytes"));

    let deep = format!("name: {}", "[".repeat(100_000));
    assert!(!refusal(&deep).1.is_empty());

    // One name repeated by alias: at the limit only the repetition is wrong, above it the text.
    let aliases = |count| {
        let topics = vec!["*a"; count].join(", ");
        LEAST.replace("topics: [sales]", &format!("topics: [&a sales, {topics}]"))
    };
    let problems = |text: &str| Pipeline::from_yaml(text).unwrap_err().problems;
    assert!(problems(&aliases(50)).iter().all(|problem| problem.message == "is listed twice"));
    assert!(refusal(&aliases(51)).1.contains("alias"), "{:?}", refusal(&aliases(51)));
}

#[test]
fn messages_are_one_line() {
    for text in ["{", "name: [", LEAST.replace("shop", "[1, 2").as_str()] {
        let message = refusal(text).1;
        assert!(!message.contains('\n'), "{message}");
    }
}
