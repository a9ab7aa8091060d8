use super::*;

const PROOF: Proof = Proof {
    rows: 10,
    used: 100,
    same: true,
    grown: false,
    unbroken: true,
    exactly_once: true,
    replayed: false,
};

fn used(used: u64) -> Window {
    Window { entries: 1_000, used }
}

#[test]
fn a_token_suffices_for_half_the_window() {
    assert!(PROOF.token_suffices(used(100)));
    assert!(PROOF.token_suffices(used(600)));
    assert!(!PROOF.token_suffices(used(601)));
    assert!(!PROOF.token_suffices(used(99)), "another table");
    assert!(!PROOF.token_suffices(Window { entries: 0, used: 100 }), "no window");
    assert!(!Proof { same: false, ..PROOF }.token_suffices(used(100)), "another batch");
    assert!(!Proof { replayed: true, ..PROOF }.token_suffices(used(100)), "a predecessor's");
    assert!(Proof { exactly_once: false, ..PROOF }.token_suffices(used(9_999)));
}

#[test]
fn rows_decide_all_or_nothing() {
    for now in [used(100), used(9_999)] {
        assert_eq!(PROOF.settle(Some(0), now), Settled::Insert);
        assert_eq!(PROOF.settle(Some(10), now), Settled::Complete);
    }
}

#[test]
fn where_rows_do_not_decide_the_token_does() {
    for found in [Some(1), Some(9), Some(11), None] {
        assert_eq!(PROOF.settle(found, used(100)), Settled::Insert, "{found:?}");
        assert_eq!(PROOF.settle(found, used(9_999)), Settled::Unprovable, "{found:?}");
    }
    // Rows of an earlier reading of the topic would satisfy the count.
    let broken = Proof { unbroken: false, ..PROOF };
    assert_eq!(broken.settle(Some(10), used(100)), Settled::Insert);
    assert_eq!(broken.settle(Some(10), used(9_999)), Settled::Unprovable);
    // The recorded batch may have landed, or may yet, without the rows that are new in this one.
    for found in [Some(0), Some(10), Some(11)] {
        let grown = Proof { same: false, grown: true, ..PROOF };
        assert_eq!(grown.settle(found, used(100)), Settled::Unprovable, "{found:?}");
    }
}
