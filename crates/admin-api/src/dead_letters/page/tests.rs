use super::*;

#[test]
fn a_cursor_is_a_place_and_nothing_else() {
    assert_eq!(cursor("0:17").unwrap(), LetterId { partition: 0, offset: 17 });
    for text in ["", ":", "0", "0:", ":1", "-1:0", "0:-1", "0:1:2", "0:99999999999999999999", "a:b"]
    {
        assert!(matches!(cursor(text), Err(DeadLettersError::Refused(_))), "{text}");
    }
}
