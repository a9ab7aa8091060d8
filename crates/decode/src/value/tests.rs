use super::{decimal, push_length, uuid};
use crate::Reason;

/// A number as Avro writes it.
pub(crate) fn zigzag(value: i64) -> Vec<u8> {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    let mut bytes = Vec::new();
    while rest >= 0x80 {
        bytes.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    bytes.push(rest.to_le_bytes()[0]);
    bytes
}

#[test]
fn lengths_are_varints() {
    let of = |length| {
        let mut bytes = Vec::new();
        push_length(&mut bytes, length);
        bytes
    };
    assert_eq!(of(127), [127]);
    assert_eq!(of(128), [0x80, 1]);
    assert_eq!(of(16_384), [0x80, 0x80, 1]);
}

#[test]
fn decimals_keep_their_sign() {
    for number in [0, 1, -1, 127, -128, 255, i128::MAX, i128::MIN, 1 << 64, -(1 << 63)] {
        let bytes = number.to_be_bytes();
        assert_eq!(decimal(&bytes), Ok(number));
        let sign = if number < 0 { 0xff } else { 0 };
        assert_eq!(decimal(&[&[sign; 9][..], &bytes].concat()), Ok(number));
        assert_eq!(decimal(&[&[1][..], &bytes].concat()), Err(Reason::OutOfRange));
    }
    assert_eq!(decimal(&[0xff, 0, 0, 0, 0, 0, 0, 0, 0]), Ok(-(1 << 64)));
}

#[test]
fn every_character_of_a_uuid_is_looked_at() {
    let good = *b"01234567-89ab-cdef-FEDC-BA9876543210";
    for (place, byte) in (0..36).flat_map(|place| (0..=255).map(move |byte| (place, byte))) {
        let mut text = good;
        text[place] = byte;
        let dash = good[place] == b'-';
        let fits = if dash { byte == b'-' } else { byte.is_ascii_hexdigit() };
        assert_eq!(uuid(&text).is_ok(), fits, "{byte} at {place}");
    }
    let bytes = uuid(&good).map(u128::from_le_bytes).map(|both| both.rotate_left(64));
    assert_eq!(bytes, Ok(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210));
}
