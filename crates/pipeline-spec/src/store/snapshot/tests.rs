use std::sync::Arc;

use super::{Snapshot, Stored};
use crate::{Pipeline, store::Purge};

fn stored(name: &str, version: u64) -> Stored {
    let spec =
        format!("{{name: {name}, source: {{topics: [t]}}, target: {{database: d, table: t}}}}");
    Stored {
        spec: Pipeline::from_yaml(&spec).unwrap(),
        version,
        created_at_ms: 1,
        updated_at_ms: 2,
        updated_by: "somebody".into(),
        restarts: 0,
        reset: None,
        deleting: false,
        purge: Purge::default(),
        claim: None,
    }
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

#[test]
fn the_last_record_of_a_key_wins() {
    let mut state = Snapshot::default();
    assert!(state.apply(b"spec/a", Some(&json(&stored("a", 1)))));
    assert!(state.apply(b"spec/b", Some(&json(&stored("b", 1)))));
    assert!(state.apply(b"spec/a", Some(&json(&stored("a", 2)))));
    assert_eq!(state.pipelines["a"].version, 2);
    assert!(state.apply(b"spec/a", None));
    assert!(!state.apply(b"spec/a", None), "it was gone already");
    assert_eq!(state.pipelines.keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn what_a_newer_version_adds_is_no_obstacle() {
    let mut value = serde_json::to_value(stored("a", 3)).unwrap();
    value["owner"] = "somebody".into();
    let mut state = Snapshot::default();
    state.apply(b"spec/a", Some(value.to_string().as_bytes()));
    state.apply(b"later/a", Some(b"whatever"));
    assert_eq!(*state.pipelines["a"], stored("a", 3));
    assert!(state.unreadable.is_empty());
}

#[test]
fn a_damaged_record_stops_nobody_else() {
    let mut state = Snapshot::default();
    state.apply(b"spec/a", Some(&json(&stored("a", 1))));
    state.apply(b"spec/b", Some(&json(&stored("b", 1))));
    for damaged in [&b"{"[..], b"", b"\xff\xfe", b"[]", &json(&stored("b", 2))] {
        assert!(state.apply(b"spec/a", Some(damaged)));
        assert!(!state.pipelines.contains_key("a"), "its old state is no longer true");
        assert!(!state.unreadable["a"].is_empty());
        assert_eq!(state.pipelines["b"].version, 1);
    }
    state.apply(b"spec/a", Some(&json(&stored("a", 3))));
    assert_eq!(state.pipelines["a"].version, 3);
    assert!(state.unreadable.is_empty());
    state.apply(b"spec/a", Some(b"{"));
    assert!(state.apply(b"spec/a", None), "it can be removed");
    assert!(state.unreadable.is_empty());
}

#[test]
fn a_document_with_a_field_we_do_not_know_is_unreadable() {
    let mut value = serde_json::to_value(stored("a", 1)).unwrap();
    value["spec"]["compression"] = "none".into();
    let mut state = Snapshot::default();
    state.apply(b"spec/a", Some(value.to_string().as_bytes()));
    assert!(state.unreadable["a"].contains("compression"), "{:?}", state.unreadable);
}

#[test]
fn a_document_that_breaks_the_rules_is_unreadable() {
    let mut broken = stored("a", 1);
    broken.spec.workers = 0;
    let mut state = Snapshot::default();
    state.apply(b"spec/a", Some(&json(&broken)));
    assert!(state.unreadable["a"].contains("/workers"), "{:?}", state.unreadable);
}

#[test]
fn a_document_is_found_under_its_revision_only() {
    let (current, mut older) = (stored("a", 2), stored("a", 1).spec);
    older.workers = 7;
    let (now, then) = (current.spec.revision(), older.revision());
    let mut state = Snapshot::default();
    state.apply(b"spec/a", Some(&json(&current)));
    state.apply(format!("revision/a/{then}").as_bytes(), Some(&json(&older)));
    assert_eq!(state.document("a", &now), Some(Arc::new(current.spec)));
    assert_eq!(state.document("a", &then), Some(Arc::new(older.clone())));
    assert_eq!(state.document("b", &then), None);

    // The same bytes under another revision would decide about rows in its name.
    state.apply(format!("revision/a/{now}").as_bytes(), Some(&json(&older)));
    assert_eq!(state.revisions.len(), 1);
    state.apply(format!("revision/a/{then}").as_bytes(), None);
    assert_eq!(state.document("a", &then), None);
}
