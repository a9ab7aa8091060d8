use super::*;

#[test]
fn bytes_as_numbers() {
    let contents = Contents::of(Some(b"\x00\x01ab<\xff0123456789Z"));
    let mut lines = contents.hex.lines();
    assert_eq!(
        lines.next(),
        Some("000000  00 01 61 62 3c ff 30 31  32 33 34 35 36 37 38 39  ..ab<.0123456789")
    );
    assert_eq!(lines.next(), Some("000010  5a                                                Z"));
    assert_eq!(contents.size.as_deref(), Some("17 bytes"));
}

#[test]
fn text_cannot_hide_or_turn() {
    let contents = Contents::of(Some("a\u{202e}b\u{1b}[31m\u{200b}\n\tc".as_bytes()));
    assert_eq!(contents.text, "a\u{fffd}b\u{fffd}[31m\u{fffd}\n\tc");
    assert_eq!(Contents::of(Some(b"\xff\xfe")).text, "\u{fffd}\u{fffd}");
}

#[test]
fn a_long_value_is_cut() {
    let contents = Contents::of(Some(&vec![b'x'; SHOWN_BYTES_MAX + 1]));
    assert_eq!(contents.cut.as_deref(), Some("the first 4,096 of 4,097 bytes"));
    assert_eq!(contents.text.len(), SHOWN_BYTES_MAX);
    assert!(Contents::of(Some(&[b'x'; SHOWN_BYTES_MAX])).cut.is_none());
}

#[test]
fn no_value_is_not_an_empty_one() {
    assert!(Contents::of(None).size.is_none());
    assert_eq!(Contents::of(Some(b"")).size.as_deref(), Some("0 bytes"));
}
