use super::*;

#[test]
fn hexadecimal_digits_are_bytes_again() {
    assert_eq!(unhex("00ff7a"), [0, 0xff, 0x7a]);
    assert_eq!(unhex(""), [0; 0]);
}
