use super::*;

#[test]
fn bytes_are_shown_as_far_as_they_may() {
    let shown = content(b"abc", 64);
    assert_eq!((shown.bytes, &*shown.hex, shown.text.as_deref()), (3, "616263", Some("abc")));
    assert!(!shown.truncated);
    let shown = content(b"abc", 2);
    assert_eq!((shown.bytes, &*shown.hex, shown.text.as_deref()), (3, "6162", Some("ab")));
    assert!(shown.truncated);
    let empty = content(b"", 2);
    assert_eq!((empty.bytes, &*empty.hex, empty.text.as_deref()), (0, "", Some("")));
}

#[test]
fn bytes_that_are_no_text_have_none() {
    assert_eq!(content(&[0xff, 0x41], 64).text, None);
    // cut at the end by whoever wrote it
    assert_eq!(content(&[0x41, 0xc3], 64).text, None);
    // cut by us
    assert_eq!(content("aé".as_bytes(), 2).text.as_deref(), Some("a"));
}
