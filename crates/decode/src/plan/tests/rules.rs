//! Avro's rules, value by value.

use super::{frozen, plan, record};
use crate::{Block, Reason, read::ITEMS_MAX, value::tests::zigzag};

/// Decodes one field; the bytes of its column, or why not.
fn value(field_type: &str, column_type: &str, datum: &[u8]) -> Result<Vec<u8>, Reason> {
    let schema =
        format!(r#"{{"type":"record","name":"R","fields":[{{"name":"x","type":{field_type}}}]}}"#);
    let plan = plan(&schema, &[("x", column_type)]);
    let mut block = Block::new(plan.columns());
    plan.decode(datum, &record(0), &mut block).map_err(|error| error.reason)?;
    let head = 4 + column_type.len() + 1;
    Ok(frozen(block).split_off(head))
}

/// Reads over one field that has no column.
fn skip(field_type: &str, datum: &[u8]) -> Result<(), Reason> {
    let schema = format!(
        r#"{{"type":"record","name":"R","fields":[
            {{"name":"y","type":"null"}},{{"name":"x","type":{field_type}}}]}}"#
    );
    let plan = plan(&schema, &[("y", "Nullable(Int32)")]);
    let mut block = Block::new(plan.columns());
    plan.decode(datum, &record(0), &mut block).map_err(|error| error.reason)
}

#[test]
fn numbers() {
    let int = |datum: &[u8]| value(r#""int""#, "Int32", datum);
    assert_eq!(int(&[1]), Ok((-1_i32).to_le_bytes().to_vec()));
    assert_eq!(int(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Ok(i32::MIN.to_le_bytes().to_vec()));
    assert_eq!(int(&[0x80, 0x80, 0x80, 0x80, 0x10]), Err(Reason::BadVarint));
    // Longer than it needs to be is allowed up to five bytes.
    assert_eq!(int(&[0x82, 0x80, 0x80, 0x80, 0]), Ok(1_i32.to_le_bytes().to_vec()));
    assert_eq!(int(&[0x82, 0x80, 0x80, 0x80, 0x80, 0]), Err(Reason::BadVarint));
    let long = |datum: &[u8]| value(r#""long""#, "Int64", datum);
    let least = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    assert_eq!(long(&least), Ok(i64::MIN.to_le_bytes().to_vec()));
    let beyond = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
    assert_eq!(long(&beyond), Err(Reason::BadVarint));
    assert_eq!(long(&[0x80; 11]), Err(Reason::BadVarint));
    assert_eq!(long(&[0x80; 9]), Err(Reason::Truncated));
    assert_eq!(value(r#""float""#, "Float32", &[0, 0, 0xc0, 0x7f]), Ok(vec![0, 0, 0xc0, 0x7f]));
}

#[test]
fn booleans_are_0_or_1() {
    assert_eq!(value(r#""boolean""#, "Bool", &[1]), Ok(vec![1]));
    assert_eq!(value(r#""boolean""#, "Bool", &[2]), Err(Reason::BadBoolean));
    assert_eq!(skip(r#""boolean""#, &[2]), Err(Reason::BadBoolean));
}

#[test]
fn lengths_are_checked_before_anything_is_kept() {
    let text = |datum: &[u8]| value(r#""string""#, "String", datum);
    assert_eq!(text(&[3]), Err(Reason::BadLength));
    let huge = [zigzag(i64::MAX), vec![b'a']].concat();
    assert_eq!(text(&huge), Err(Reason::Truncated));
    assert_eq!(text(&[4, 0xc3, 0x28]), Err(Reason::BadUtf8));
    assert_eq!(value(r#""bytes""#, "String", &[4, 0xc3, 0x28]), Ok(vec![2, 0xc3, 0x28]));
    assert_eq!(skip(r#""string""#, &[4, 0xc3, 0x28]), Err(Reason::BadUtf8));
    assert_eq!(skip(r#""bytes""#, &huge), Err(Reason::Truncated));
}

#[test]
fn dates_and_times_stay_in_the_columns_range() {
    let date = r#"{"type":"int","logicalType":"date"}"#;
    let days = |column: &str, days: i64| value(date, column, &zigzag(days));
    assert_eq!(days("Date32", -25_567), Ok((-25_567_i32).to_le_bytes().to_vec()));
    assert_eq!(days("Date32", -25_568), Err(Reason::OutOfRange));
    assert_eq!(days("Date32", 120_530), Err(Reason::OutOfRange));
    assert_eq!(days("Date", 65_535), Ok(vec![255, 255]));
    assert_eq!(days("Date", -1), Err(Reason::OutOfRange));
    assert_eq!(days("Date", 65_536), Err(Reason::OutOfRange));
    let millis = r#"{"type":"long","logicalType":"timestamp-millis"}"#;
    let ticks = |ticks: i64| value(millis, "DateTime64(3)", &zigzag(ticks)).map(|_| ());
    assert_eq!(ticks(10_413_791_999_999), Ok(()));
    assert_eq!(ticks(10_413_792_000_000), Err(Reason::OutOfRange));
    assert_eq!(ticks(-2_208_988_800_000), Ok(()));
    assert_eq!(ticks(-2_208_988_800_001), Err(Reason::OutOfRange));
    assert_eq!(ticks(i64::MIN), Err(Reason::OutOfRange));
}

#[test]
fn decimals_of_any_length_within_the_columns_digits() {
    let decimal = r#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}"#;
    let number = |column: &str, bytes: &[u8]| {
        let length = zigzag(i64::try_from(bytes.len()).unwrap());
        value(decimal, column, &[&length, bytes].concat())
    };
    let four = |number: i32| Ok(number.to_le_bytes().to_vec());
    assert_eq!(number("Decimal(4, 2)", &[]), four(0));
    assert_eq!(number("Decimal(4, 2)", &[0xff]), four(-1));
    assert_eq!(number("Decimal(4, 2)", &[0x27, 0x0f]), four(9_999));
    assert_eq!(number("Decimal(4, 2)", &[0x27, 0x10]), Err(Reason::OutOfRange));
    assert_eq!(number("Decimal(4, 2)", &[0xd8, 0xf0]), Err(Reason::OutOfRange));
    assert_eq!(number("Decimal(5, 2)", &[0x27, 0x10]), four(10_000));
    assert_eq!(number("Decimal(4, 2)", &[&[0; 40][..], &[7]].concat()), four(7));
    assert_eq!(number("Decimal(4, 2)", &[&[0xff; 40][..], &[7]].concat()), four(-249));
    assert_eq!(number("Decimal(38, 2)", &[&[1][..], &[0; 16]].concat()), Err(Reason::OutOfRange));
    assert_eq!(
        number("Decimal(38, 2)", &[&[0][..], &[0xff; 16]].concat()),
        Err(Reason::OutOfRange)
    );
    assert_eq!(number("Decimal(38, 2)", &[0x7f; 16]), Err(Reason::OutOfRange));
    let wide = value(decimal, "Decimal(18, 2)", &[2, 0x80]);
    assert_eq!(wide, Ok((-128_i64).to_le_bytes().to_vec()));
}

#[test]
fn unions_and_enums_know_their_branches() {
    let union = |datum: &[u8]| value(r#"["null","int"]"#, "Nullable(Int32)", datum);
    assert_eq!(union(&[0]), Ok(vec![1, 0, 0, 0, 0]));
    assert_eq!(union(&[2, 2]), Ok(vec![0, 1, 0, 0, 0]));
    assert_eq!(union(&[4]), Err(Reason::BadUnionIndex));
    assert_eq!(union(&[1]), Err(Reason::BadUnionIndex));
    let color = r#"{"type":"enum","name":"E","symbols":["A"]}"#;
    assert_eq!(value(color, "String", &[0]), Ok(vec![1, b'A']));
    assert_eq!(value(color, "LowCardinality(String)", &[2]), Err(Reason::BadEnumIndex));
    assert_eq!(skip(color, &[2]), Err(Reason::BadEnumIndex));
    assert_eq!(skip(r#"["null","int"]"#, &[4]), Err(Reason::BadUnionIndex));
}

#[test]
fn uuids_have_one_form() {
    let uuid = r#"{"type":"string","logicalType":"uuid"}"#;
    let read = |text: &str| {
        let length = zigzag(i64::try_from(text.len()).unwrap());
        value(uuid, "UUID", &[&length, text.as_bytes()].concat())
    };
    let bytes = [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8];
    assert_eq!(read("00010203-0405-0607-0809-0a0b0c0d0e0F"), Ok(bytes.to_vec()));
    for bad in [
        "",
        "000102030405060708090a0b0c0d0e0f",
        "00010203-0405-0607-0809-0a0b0c0d0e0g",
        "00010203+0405-0607-0809-0a0b0c0d0e0f",
        "{0010203-0405-0607-0809-0a0b0c0d0e0}",
    ] {
        assert_eq!(read(bad), Err(Reason::BadUuid), "{bad}");
    }
}

#[test]
fn arrays_come_in_blocks() {
    let list = r#"{"type":"array","items":"int"}"#;
    let read = |datum: &[u8]| value(list, "Array(Int32)", datum);
    let three = [&3_u64.to_le_bytes()[..], &[1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]].concat();
    assert_eq!(read(&[6, 2, 4, 6, 0]), Ok(three.clone()));
    // Two blocks; the second with its size in bytes.
    assert_eq!(read(&[4, 2, 4, 1, 2, 6, 0]), Ok(three));
    assert_eq!(read(&[1, 1, 2, 0]), Err(Reason::BadLength));
    assert_eq!(read(&[1, 100, 2, 0]), Err(Reason::Truncated));
    assert_eq!(read(&zigzag(i64::MIN)), Err(Reason::Truncated));
    assert_eq!(read(&[zigzag(i64::MIN), vec![0]].concat()), Err(Reason::TooManyItems));
}

#[test]
fn items_that_take_no_bytes_are_counted() {
    let nothing = r#"{"type":"array","items":"null"}"#;
    let of = |count: u32| [zigzag(i64::from(count)), vec![0]].concat();
    assert_eq!(skip(nothing, &of(ITEMS_MAX)), Ok(()));
    assert_eq!(skip(nothing, &of(ITEMS_MAX + 1)), Err(Reason::TooManyItems));
    // Many small blocks are one record too, in a column and over one.
    let halves = [zigzag(i64::from(ITEMS_MAX / 2)), zigzag(i64::from(ITEMS_MAX / 2 + 1))].concat();
    assert_eq!(skip(nothing, &halves), Err(Reason::TooManyItems));
}

#[test]
fn a_schema_inside_itself_is_followed_to_a_depth() {
    let chain =
        r#"{"type":"record","name":"Node","fields":[{"name":"next","type":["null","Node"]}]}"#;
    let of = |links: usize| [vec![2; links], vec![0]].concat();
    assert_eq!(skip(chain, &of(20)), Ok(()));
    assert_eq!(skip(chain, &of(100_000)), Err(Reason::TooDeep));
}

#[test]
fn what_was_written_stays_out_of_the_message() {
    let plan = plan(
        r#"{"type":"record","name":"R","fields":[{"name":"x","type":"string"}]}"#,
        &[("x", "String")],
    );
    let mut block = Block::new(plan.columns());
    let error = plan.decode(b"\x0csecret", &record(0), &mut block);
    assert_eq!(error, Ok(()));
    let error = plan.decode(b"\x0csecret!", &record(0), &mut block).unwrap_err();
    assert_eq!(error.to_string(), "trailing-bytes: 1 bytes after the last field");
    let error = plan.decode(b"\x0esecre\xff!", &record(0), &mut block).unwrap_err();
    assert_eq!(error.to_string(), "bad-utf8: field `x`, near byte 8 of the datum");
}
