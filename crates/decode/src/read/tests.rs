use proptest::prelude::*;

use super::{Input, is_utf8};
use crate::value::tests::zigzag;

proptest! {
    /// Both ways to read a number agree, whatever follows it.
    #[test]
    fn numbers_come_back(value: i64, shift in 0..64_u32, after in 0..10_usize) {
        let value = value >> shift;
        let bytes = [zigzag(value), vec![0xff; after]].concat();
        let mut input = Input::new(&bytes);
        prop_assert_eq!(input.long(), Ok(value));
        prop_assert_eq!(input.left(), after);
        let mut slow = Input::new(&bytes);
        prop_assert_eq!(slow.any_varint(), Ok(((value << 1) ^ (value >> 63)).cast_unsigned()));
        prop_assert_eq!(slow.left(), after);
    }
}

#[test]
fn short_cuts_to_utf8_change_nothing() {
    for length in 0..40_usize {
        let mut text = vec![b'a'; length];
        assert!(is_utf8(&text));
        for place in 0..length {
            text[place] = 0x80;
            assert!(!is_utf8(&text), "{place} of {length}");
            text[place] = b'a';
        }
    }
    assert!(is_utf8("ä€😀".as_bytes()));
}
