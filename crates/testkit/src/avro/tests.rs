use super::*;

#[test]
fn bytes_are_those_of_the_specifications() {
    for (value, bytes) in [
        (0, &[0][..]),
        (-1, &[1]),
        (1, &[2]),
        (-64, &[0x7f]),
        (64, &[0x80, 1]),
        (i64::MAX, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
        (i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
    ] {
        assert_eq!(long(value), bytes, "{value}");
    }
    assert_eq!(string("foo"), [6, b'f', b'o', b'o']);
    assert_eq!(framed(258, &string("é")), [0, 0, 0, 1, 2, 4, 0xc3, 0xa9]);
}
