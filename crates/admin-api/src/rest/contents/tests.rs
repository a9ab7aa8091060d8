use super::*;

#[test]
fn a_letter_that_was_cut_does_not_hide_the_text() {
    assert_eq!(text("häh".as_bytes()).as_deref(), Some("häh"));
    assert_eq!(text(&"hä".as_bytes()[..2]).as_deref(), Some("h"));
    assert_eq!(text(&[0xff, b'a']), None);
    assert_eq!(text(&[0xc3]), None);
    assert_eq!(text(&[]).as_deref(), Some(""));
}
