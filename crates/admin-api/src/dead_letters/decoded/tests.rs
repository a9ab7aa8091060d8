use serde_json::json;

use super::*;

fn schema(text: &str) -> Schema {
    Schema::parse(text, &[]).unwrap()
}

fn sale() -> Schema {
    schema(
        r#"{"type": "record", "name": "Sale", "fields": [
            {"name": "id", "type": "long"},
            {"name": "store", "type": "string"},
            {"name": "price", "type": {"type": "bytes", "logicalType": "decimal",
                "precision": 9, "scale": 2}},
            {"name": "paid", "type": ["null", "boolean"]},
            {"name": "tags", "type": {"type": "array", "items": "string"}},
            {"name": "stock", "type": {"type": "map", "values": "int"}},
            {"name": "kind", "type": {"type": "enum", "name": "K", "symbols": ["A", "B"]}},
            {"name": "raw", "type": {"type": "fixed", "name": "F", "size": 2}},
            {"name": "rate", "type": "double"}]}"#,
    )
}

fn datum() -> Vec<u8> {
    let mut datum = vec![84, 4, b'h', b'i', 4, 0xff, 0x85, 2, 1];
    datum.extend([4, 2, b'a', 2, b'b', 0]); // tags
    datum.extend([1, 6, 2, b'k', 13, 0]); // stock: one entry, block with its size
    datum.extend([2, 0xca, 0xfe]);
    datum.extend(f64::NAN.to_le_bytes());
    datum
}

#[test]
fn a_whole_value_is_read_to_its_end() {
    let found = read(&sale(), &datum());
    let expected = json!({
        "id": 42, "store": "hi", "price": "-1.23", "paid": true, "tags": ["a", "b"],
        "stock": {"k": -7}, "kind": "B", "raw": "cafe", "rate": "NaN"
    });
    assert_eq!(found, Decoded { value: expected, until: None });
}

#[test]
fn what_stands_before_a_break_is_shown() {
    let whole = datum();
    let found = read(&sale(), whole.get(..11).unwrap());
    assert_eq!(found.value["paid"], json!(true));
    assert_eq!(found.value["tags"], json!([]));
    assert_eq!(found.until.as_deref(), Some("byte 11 in tags: 1 bytes are wanted, 0 are left"));
    // Cut anywhere it says where, and never more than there is.
    for size in 0..whole.len() {
        let found = read(&sale(), whole.get(..size).unwrap());
        assert!(found.until.is_some(), "{size}");
    }
    let longer = [whole.as_slice(), b"xy"].concat();
    let until = read(&sale(), &longer).until;
    assert_eq!(until.as_deref(), Some("byte 32: 2 bytes follow that the schema does not know"));
}

#[test]
fn hostile_values_end_soon() {
    // four billion nulls take no bytes
    let nulls = schema(r#"{"type": "array", "items": "null"}"#);
    let found = read(&nulls, &[0xfe, 0xff, 0xff, 0xff, 0x1f, 0]);
    assert!(found.until.unwrap().contains("more than 10000 values"));
    assert!(read(&nulls, &[2; 2_000_000]).until.unwrap().contains("more than 10000 values"));
    // a list that is inside itself
    let list = schema(
        r#"{"type": "record", "name": "L", "fields": [
            {"name": "next", "type": ["null", "L"]}]}"#,
    );
    assert!(read(&list, &[2; 100_000]).until.unwrap().contains("too deep"));
    let text = schema(r#""string""#);
    for (datum, why) in [
        (vec![0x80; 20], "a number is too long"),
        (vec![0x80], "ends inside a number"),
        (vec![1], "a length of -1"),
        (vec![0xff; 9], "ends inside a number"),
        (vec![0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], "bytes are wanted"),
        (vec![2, 0xff], "not UTF-8"),
    ] {
        let found = read(&text, &datum);
        assert!(found.until.as_deref().unwrap().contains(why), "{datum:?}: {found:?}");
    }
    let long = [vec![0x80, 0x80, 0x08], vec![b'x'; 65_536]].concat();
    assert_eq!(read(&text, &long).until, None);
    let longer = [vec![0x82, 0x80, 0x08], vec![b'x'; 65_537]].concat();
    assert!(read(&text, &longer).until.unwrap().contains("too long to be shown"));
}

#[test]
fn decimals_of_any_size_are_numbers_or_digits() {
    for (bytes, scale, expected) in [
        (vec![], 2, "0.00"),
        (vec![0x05], 0, "5"),
        (vec![0x05], 3, "0.005"),
        (vec![0xff], 1, "-0.1"),
        (vec![0x04, 0xd2], 2, "12.34"),
    ] {
        assert_eq!(decimal(&bytes, scale).as_deref(), Some(expected), "{bytes:?}");
    }
    assert_eq!(decimal(&[1; 17], 2), None);
    assert_eq!(decimal(&[1], usize::MAX), None);
}
