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
fn a_token_holds_for_half_the_window() {
    assert!(PROOF.token_holds(used(100)));
    assert!(PROOF.token_holds(used(600)));
    assert!(!PROOF.token_holds(used(601)));
    assert!(!PROOF.token_holds(used(99)), "another table");
    assert!(!PROOF.token_holds(Window { entries: 0, used: 100 }), "no window");
    assert!(!Proof { same: false, ..PROOF }.token_holds(used(100)), "another batch");
    assert!(Proof { exactly_once: false, ..PROOF }.token_holds(used(9_999)));
}

#[test]
fn rows_decide_all_or_nothing() {
    assert_eq!(PROOF.settle(Some(0)), Settled::Insert);
    assert_eq!(PROOF.settle(Some(10)), Settled::Complete);
    for found in [Some(1), Some(9), Some(11), None] {
        assert_eq!(PROOF.settle(found), Settled::Unprovable, "{found:?}");
    }
    // The recorded batch may have landed, or may yet, without the rows that are new in this one.
    for found in [Some(0), Some(10), Some(11)] {
        let grown = Proof { same: false, grown: true, ..PROOF };
        assert_eq!(grown.settle(found), Settled::Unprovable, "{found:?}");
    }
    // Rows of an earlier reading of the topic would satisfy the count.
    assert_eq!(Proof { unbroken: false, ..PROOF }.settle(Some(10)), Settled::Unprovable);
}
