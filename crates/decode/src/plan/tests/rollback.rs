//! A bad record between good ones, for each way in which a column can be half written.

use super::{frozen, plan, record};
use crate::{Block, Reason};

/// Decodes `good`, then `bad`, then `good` again: what comes out is two good rows.
fn check(field_type: &str, column_type: &str, good: &[u8], bad: &[u8], reason: Reason) {
    let schema = format!(
        r#"{{"type":"record","name":"R","fields":[
            {{"name":"x","type":{field_type}}},{{"name":"last","type":"boolean"}}]}}"#
    );
    let plan = plan(&schema, &[("x", column_type), ("last", "Bool")]);
    let good = [good, &[1]].concat();
    let mut clean = Block::new(plan.columns());
    plan.decode(&good, &record(0), &mut clean).unwrap();
    plan.decode(&good, &record(1), &mut clean).unwrap();

    let mut block = Block::new(plan.columns());
    plan.decode(&good, &record(0), &mut block).unwrap();
    // Bad in itself, and whole but followed by a bad field.
    assert_eq!(plan.decode(bad, &record(1), &mut block).unwrap_err().reason, reason);
    let spoiled = [&good[..good.len() - 1], &[2]].concat();
    let error = plan.decode(&spoiled, &record(1), &mut block).unwrap_err();
    assert_eq!(error.reason, Reason::BadBoolean);
    assert!(error.detail.contains("`last`"), "{}", error.detail);
    plan.decode(&good, &record(1), &mut block).unwrap();
    assert_eq!(block.bytes(), clean.bytes());
    assert_eq!(frozen(block), frozen(clean));
}

#[test]
fn fixed_widths() {
    check(r#""long""#, "Int64", &[2], &[0x80], Reason::Truncated);
    check(r#"["null","long"]"#, "Nullable(Int64)", &[2, 2], &[2], Reason::Truncated);
    check(r#"["null","long"]"#, "Nullable(Int64)", &[0], &[4], Reason::BadUnionIndex);
}

#[test]
fn texts() {
    check(r#""string""#, "String", &[2, b'a'], &[2, 0xff], Reason::BadUtf8);
    check(r#"["string","null"]"#, "Nullable(String)", &[2], &[0, 9], Reason::BadLength);
}

#[test]
fn arrays_that_end_early() {
    let list = r#"{"type":"array","items":"string"}"#;
    let good = [4, 2, b'a', 2, b'b', 0];
    check(list, "Array(String)", &good, &[6, 2, b'c', 2, b'd'], Reason::Truncated);
    let nested = format!(r#"{{"type":"array","items":{list}}}"#);
    let good = [2, 2, 2, b'a', 0, 0];
    let bad = [4, 2, 2, b'b', 0, 4, 2, b'c', 2, 0xff];
    check(&nested, "Array(Array(String))", &good, &bad, Reason::BadUtf8);
    let numbers = r#"{"type":"array","items":["null","int"]}"#;
    check(numbers, "Array(Nullable(Int32))", &[4, 0, 2, 2, 0], &[4, 2, 2, 2], Reason::Truncated);
}

#[test]
fn maps_that_end_early() {
    let map = r#"{"type":"map","values":"string"}"#;
    let good = [2, 2, b'k', 2, b'v', 0];
    check(map, "Map(String, String)", &good, &[4, 2, b'l', 2, b'w', 2, b'm'], Reason::Truncated);
    let bad = [4, 2, b'l', 2, b'w', 2, b'm'];
    check(map, "Map(LowCardinality(String), String)", &good, &bad, Reason::Truncated);
}

#[test]
fn dictionaries_forget_what_a_bad_record_added() {
    let word = r#""string""#;
    check(word, "LowCardinality(String)", &[2, b'a'], &[2, 0xff], Reason::BadUtf8);
    let words = r#"{"type":"array","items":"string"}"#;
    let good = [4, 2, b'a', 2, b'b', 0];
    let bad = [8, 2, b'c', 2, b'a', 2, b'd', 2, 0xff];
    check(words, "Array(LowCardinality(String))", &good, &bad, Reason::BadUtf8);
    let colors = r#"{"type":"array","items":{"type":"enum","name":"E","symbols":["A","B"]}}"#;
    check(colors, "Array(LowCardinality(String))", &[2, 0, 0], &[4, 2, 4], Reason::BadEnumIndex);
}

#[test]
fn a_dictionary_that_grew_wider_in_a_bad_record_still_reads_back() {
    let words = r#"{"type":"record","name":"R","fields":[
        {"name":"x","type":{"type":"array","items":"string"}}]}"#;
    let plan = plan(words, &[("x", "Array(LowCardinality(String))")]);
    let mut block = Block::new(plan.columns());
    let item = |number: u16| [&[4], &number.to_be_bytes()[..]].concat();
    // Two bytes below 128, so that they are text.
    let ascii = |number: u16| number / 100 * 256 + number % 100;
    let row = |numbers: std::ops::Range<u16>| {
        let items: Vec<u8> = numbers.flat_map(|number| item(ascii(number))).collect();
        let count = crate::value::tests::zigzag(i64::try_from(items.len() / 3).unwrap());
        [count, items, vec![0]].concat()
    };
    plan.decode(&row(0..2), &record(0), &mut block).unwrap();
    let bad = row(0..300);
    plan.decode(&bad[..bad.len() - 1], &record(1), &mut block).unwrap_err();
    plan.decode(&row(1..3), &record(2), &mut block).unwrap();
    let bytes = frozen(block);
    // Four texts with the empty one, in codes of two bytes: the width is kept, the texts are not.
    let values = [1_u16, 2, 2, 3].map(u16::to_le_bytes).concat();
    assert!(bytes.ends_with(&values), "{bytes:?}");
}
