use serde_json::json;

use super::*;
use crate::dead_letters::{HeaderView, LetterId, Position};

fn content(bytes: usize, hex: &str) -> Content {
    Content { bytes, hex: hex.to_owned(), text: None, truncated: false }
}

fn letter() -> Letter {
    Letter {
        id: LetterId { partition: 0, offset: 17 },
        written_at_ms: Some(5_000),
        reason: Some("bad-utf8".to_owned()),
        detail: Some("field note".to_owned()),
        source: Some(Position { topic: "sales".to_owned(), partition: 3, offset: 99 }),
        timestamp_ms: Some(1_000),
        attempt: Some(2),
        replayed_at_ms: Some(1_795_275_422_000),
        key: None,
        value: Some(content(5, "00ff3c")),
        headers: vec![HeaderView { name: "trace".to_owned(), value: Some(content(1, "ff")) }],
        headers_left_out: 2,
        schema_id: None,
        decoded: Some(json!({"id": "<b>"})),
        decoded_until: None,
    }
}

#[test]
fn a_row_names_the_record() {
    let row = row(&letter());
    assert_eq!((row.id.as_str(), row.source.as_str()), ("0-17", "sales:3@99"));
    assert_eq!((row.when.as_str(), row.size.as_str()), ("1970-01-01 00:00:01", "5 B"));
    let foreign = Letter { source: None, reason: None, timestamp_ms: None, ..letter() };
    let row = super::row(&foreign);
    assert_eq!((row.source.as_str(), row.reason.as_str()), ("dead letter 0-17", "not known"));
    assert_eq!(row.when, "1970-01-01 00:00:05");
}

#[test]
fn bytes_come_back_from_their_digits() {
    let value = value(&letter());
    assert!(value.hex.starts_with("000000  00 ff 3c "), "{}", value.hex);
    assert_eq!(value.cut.as_deref(), Some("the first 3 of 5 bytes"));
    assert!(value.decoded.unwrap().contains("<b>"));
    assert_eq!(bytes("0g"), Vec::<u8>::new());
    assert_eq!(bytes("a"), Vec::<u8>::new());
}

#[test]
fn headers_that_are_no_text_are_digits() {
    let shown = headers(&letter());
    assert_eq!(shown[0], ("trace".to_owned(), "0xff".to_owned()));
    assert_eq!(shown[1].1, "2 more are not shown");
}
