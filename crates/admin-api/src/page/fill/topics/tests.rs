use serde_json::json;

use super::*;

fn contents(text: Option<&str>, decoded: Option<Value>) -> Contents {
    Contents {
        bytes: 3,
        truncated: false,
        hex: "00ff".to_owned(),
        text: text.map(str::to_owned),
        schema_id: None,
        decoded,
        undecodable: None,
    }
}

fn record(offset: i64, value: Option<Contents>) -> SampleRecord {
    SampleRecord {
        partition: 3,
        offset,
        timestamp_ms: Some(0),
        key: None,
        value,
        headers: Vec::new(),
    }
}

#[test]
fn fields_become_columns() {
    let rows = records(&[
        record(7, Some(contents(None, Some(json!({"id": "x", "n": 1}))))),
        record(8, Some(contents(None, Some(json!({"id": "y", "extra": null}))))),
    ]);
    assert_eq!(rows.columns, ["record", "written, UTC", "id", "n", "extra"]);
    assert_eq!(rows.rows[0], ["3@7", "1970-01-01 00:00:00", "x", "1", ""]);
    assert_eq!(rows.rows[1], ["3@8", "1970-01-01 00:00:00", "y", "", "NULL"]);
}

#[test]
fn what_is_not_decoded_is_text_or_numbers() {
    let rows = records(&[
        record(1, Some(contents(Some("a\nb\u{1b}"), None))),
        record(2, Some(contents(None, None))),
        record(3, None),
    ]);
    let values: Vec<&str> = rows.rows.iter().map(|row| row[2].as_str()).collect();
    assert_eq!(values, ["a\u{fffd}b\u{fffd}", "0x00ff", "no value"]);
}

#[test]
fn an_empty_topic_says_so() {
    assert_eq!(records(&[]).note.as_deref(), Some("The topic holds no records yet."));
}

#[test]
fn long_text_is_cut() {
    let rows = records(&[record(1, Some(contents(Some(&"é".repeat(999)), None)))]);
    assert_eq!(rows.rows[0][2].chars().count(), TEXT_MAX + 1);
}
