use bytes::Bytes;

use super::Spare;
use crate::Frozen;

fn frozen(chunks: Vec<Bytes>) -> Frozen {
    Frozen { rows: 1, bytes: chunks.iter().map(Bytes::len).sum(), chunks }
}

/// A chunk of a buffer with that capacity, full or not.
fn chunk(capacity: usize, full: bool) -> Bytes {
    let mut buffer = Vec::with_capacity(capacity);
    buffer.resize(if full { capacity } else { capacity / 2 }, 7);
    Bytes::from(buffer)
}

#[test]
fn the_smallest_buffer_that_is_large_enough_is_used_again() {
    let mut spare = Spare::new(1 << 20);
    spare.keep(frozen(vec![chunk(4_000, true), chunk(1_100, false), chunk(2_000, true)]));
    assert_eq!(spare.bytes(), 7_100);
    let taken = spare.take(1_500);
    assert_eq!((taken.len(), taken.capacity()), (0, 2_000));
    assert_eq!(spare.take(1_500).capacity(), 4_000);
    assert_eq!(spare.bytes(), 1_100);
    assert_eq!(spare.take(100).capacity(), 100, "too roomy");
    assert_eq!(spare.take(0).capacity(), 0);
    assert_eq!(spare.take(1_000).capacity(), 1_100);
    assert_eq!(spare.bytes(), 0);
}

#[test]
fn what_is_still_held_or_too_much_is_let_go() {
    let mut spare = Spare::new(5_000);
    let held = chunk(1_100, true);
    spare.keep(frozen(vec![
        held.clone(),
        chunk(1_000, true),
        Bytes::from_static(b"x"),
        chunk(4_000, true),
    ]));
    spare.keep(frozen(vec![chunk(2_000, true)]));
    assert_eq!(spare.bytes(), 4_000);
    assert_eq!(held, vec![7; 1_100]);
}
