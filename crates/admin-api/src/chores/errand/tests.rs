use std::sync::Arc;

use pipeline_spec::{
    Pipeline,
    status::Mirror,
    store::{PartitionOffset, Purge, Reset},
};

use super::*;

const NOW: i64 = 1_000_000_000;

fn stored(change: impl FnOnce(&mut Stored)) -> Stored {
    let text = "name: a\nsource: {topics: [t]}\ntarget: {database: d, table: t}\n";
    let mut stored = Stored {
        spec: Pipeline::from_yaml(text).unwrap(),
        version: 3,
        created_at_ms: 0,
        updated_at_ms: 0,
        updated_by: "me".to_owned(),
        restarts: 0,
        reset: None,
        deleting: false,
        purge: Purge::default(),
        claim: None,
    };
    change(&mut stored);
    stored
}

fn with_reset(delete_rows: bool) -> Stored {
    stored(|stored| {
        stored.reset = Some(Reset {
            id: "x".to_owned(),
            requested_at_ms: 0,
            by: "me".to_owned(),
            offsets: vec![PartitionOffset { topic: "t".to_owned(), partition: 0, offset: 7 }],
            delete_rows,
        });
    })
}

fn carried_out() -> StatusSnapshot {
    let mut statuses = StatusSnapshot::default();
    let mirror = Mirror {
        topic: "t".to_owned(),
        partition: 0,
        offset: 7,
        metadata: String::new(),
        at_ms: NOW,
        reset: Some("x".to_owned()),
    };
    statuses.mirrors.insert(("a".to_owned(), "t".to_owned(), 0), Arc::new(mirror));
    statuses
}

#[test]
fn rows_are_deleted_once_the_offsets_are_set() {
    assert!(!is_due(&with_reset(true), &StatusSnapshot::default(), NOW));
    assert!(is_due(&with_reset(true), &carried_out(), NOW));
    assert!(!is_needed(&with_reset(false)) && is_needed(&with_reset(true)));
}

#[test]
fn what_goes_with_a_pipeline_goes_once_it_has_drained() {
    let purge = Purge { offsets: false, dead_letters: true };
    let deleting = |at_ms| {
        stored(|stored| {
            (stored.deleting, stored.updated_at_ms, stored.purge) = (true, at_ms, purge);
        })
    };
    assert!(!is_due(&deleting(NOW), &StatusSnapshot::default(), NOW));
    assert!(is_due(&deleting(0), &StatusSnapshot::default(), NOW));
    // Nothing is deleted of one that was not told to go.
    assert!(!is_needed(&stored(|stored| stored.purge = purge)));
}

#[test]
fn a_claim_keeps_others_off_until_it_ends() {
    let first = claimed(&with_reset(true), "one", NOW);
    assert_eq!(first.version, 4);
    assert!(!is_due(&first, &carried_out(), NOW + CLAIMED_MS - 1));
    assert!(is_due(&first, &carried_out(), NOW + CLAIMED_MS));
}

/// Who was late must neither go on nor say that it is done.
#[test]
fn only_whoever_has_the_claim_goes_on_and_settles() {
    let deleting = stored(|stored| {
        (stored.deleting, stored.purge) = (true, Purge { offsets: true, dead_letters: true });
    });
    for wished in [with_reset(true), deleting] {
        let first = claimed(&wished, "one", NOW);
        let mut specs = Snapshot::default();
        specs.pipelines.insert("a".to_owned(), Arc::new(first.clone()));
        let held =
            |by: &str| Held { stored: first.clone(), by: by.to_owned(), since: Instant::now() };
        let may = |by: &str, specs: &Snapshot| {
            let (done, again) = (held(by).done(specs, NOW), held(by).again(specs, NOW));
            assert_eq!(done.is_ok(), again.is_ok());
            done.is_ok()
        };
        assert!(may("one", &specs) && !may("another", &specs));
        match held("one").done(&specs, NOW) {
            Ok(Change::Remove { name, .. }) => assert!(wished.deleting && name == "a"),
            Ok(Change::Put { stored, .. }) => {
                assert!(!wished.deleting && stored.reset.is_none() && stored.claim.is_none());
            }
            other => panic!("{other:?}"),
        }
        let (_, again) = held("one").again(&specs, NOW + 5).unwrap();
        assert_eq!(again.claim.map(|claim| claim.until_ms), Some(NOW + 5 + CLAIMED_MS));
        let second = claimed(&first, "another", NOW + CLAIMED_MS);
        specs.pipelines.insert("a".to_owned(), Arc::new(second));
        assert!(!may("one", &specs) && may("another", &specs));
        assert!(!may("one", &Snapshot::default()), "it was removed");
    }
}
