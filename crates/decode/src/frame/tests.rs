use super::confluent_frame;
use crate::Reason;

#[test]
fn an_id_and_the_rest() {
    assert_eq!(confluent_frame(&[0, 0, 0, 1, 2, 9, 8]), Ok((258, &[9, 8][..])));
    assert_eq!(confluent_frame(&[0, 255, 255, 255, 255]), Ok((u32::MAX, &[][..])));
}

#[test]
fn what_is_not_framed_says_why() {
    let reason = |payload: &[u8]| confluent_frame(payload).unwrap_err().reason;
    assert_eq!(reason(&[]), Reason::TooShort);
    assert_eq!(reason(&[0, 0, 0, 1]), Reason::TooShort);
    assert_eq!(reason(b"{\"a\":1}"), Reason::BadMagic);
    assert_eq!(reason(b"{"), Reason::BadMagic);
}
