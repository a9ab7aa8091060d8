use std::sync::Arc;

use super::{KEPT_MS, Snapshot, StatusSnapshot};
use crate::{
    Pipeline,
    status::{InstanceStatus, Mirror},
    store::{Change, Purge, Stored},
};

const NOW: i64 = 1_700_000_000_000;

fn document(workers: u16) -> Pipeline {
    let text = format!(
        "{{name: a, workers: {workers}, source: {{topics: [t]}}, \
         target: {{database: d, table: t}}}}"
    );
    Pipeline::from_yaml(&text).unwrap()
}

/// Version 3, with the documents of versions 1 and 2; long ago.
fn state() -> Snapshot {
    let mut state = Snapshot::default();
    let stored = Stored {
        spec: document(3),
        version: 3,
        created_at_ms: 1,
        updated_at_ms: NOW - KEPT_MS - 1,
        updated_by: "somebody".into(),
        restarts: 0,
        reset: None,
        deleting: false,
        purge: Purge::default(),
        claim: None,
    };
    state.pipelines.insert("a".into(), Arc::new(stored));
    for workers in [1, 2] {
        let document = document(workers);
        state.revisions.insert(("a".into(), document.revision()), Arc::new(document));
    }
    state
}

fn instance(status: &mut StatusSnapshot, version: u64) {
    let report: InstanceStatus = serde_json::from_value(serde_json::json!({
        "instance": "i", "pipeline": "a", "at_ms": 0, "version": version, "revision": "r",
        "state": "running",
    }))
    .unwrap();
    status.instances.insert(("a".into(), "i".into()), Arc::new(report));
}

fn copy(status: &mut StatusSnapshot, pipeline: &str, metadata: String) {
    let mirror =
        Mirror { topic: "t".into(), partition: 0, offset: 1, metadata, at_ms: 1, reset: None };
    status.mirrors.insert((pipeline.into(), "t".into(), 0), Arc::new(mirror));
}

fn dropped(state: &Snapshot, status: &StatusSnapshot) -> Vec<String> {
    let revision = |change| {
        let Change::DropRevision { name, revision } = change else { panic!("{change:?}") };
        assert_eq!(name, "a");
        revision
    };
    state.unneeded(status, NOW).into_iter().map(revision).collect()
}

#[test]
fn what_a_commit_names_is_kept() {
    let (state, mut status) = (state(), StatusSnapshot::default());
    assert_eq!(dropped(&state, &status).len(), 2);
    instance(&mut status, 3);
    let second = format!("1;-;0;1@1;0-9:9:9:0:n:f:{:016x}", document(2).revision_short());
    copy(&mut status, "b", second.clone());
    assert_eq!(dropped(&state, &status).len(), 2, "another pipeline's commit");
    copy(&mut status, "a", second.clone());
    assert_eq!(dropped(&state, &status), [document(1).revision()]);
}

#[test]
fn nothing_is_dropped_soon_after_an_edit() {
    let mut state = state();
    let stored = Arc::make_mut(state.pipelines.get_mut("a").unwrap());
    stored.updated_at_ms = NOW - KEPT_MS;
    assert!(dropped(&state, &StatusSnapshot::default()).is_empty());
}

#[test]
fn nothing_is_dropped_while_an_instance_runs_an_older_version() {
    let (state, mut status) = (state(), StatusSnapshot::default());
    instance(&mut status, 2);
    assert!(dropped(&state, &status).is_empty());
}

#[test]
fn of_a_removed_pipeline_all_is_kept_while_there_are_copies_of_its_commits() {
    let (mut state, mut status) = (state(), StatusSnapshot::default());
    state.pipelines.clear();
    copy(&mut status, "a", String::new());
    assert!(dropped(&state, &status).is_empty());
    status.mirrors.clear();
    instance(&mut status, 3);
    assert!(dropped(&state, &status).is_empty());
    status.instances.clear();
    assert_eq!(dropped(&state, &status).len(), 2);
    state.unreadable.insert("a".into(), "newer".into());
    assert!(dropped(&state, &status).is_empty(), "it was not removed");
}
