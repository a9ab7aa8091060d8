use pipeline_spec::{
    Pipeline,
    status::{InstanceStatus, Mirror},
    store::{PartitionOffset, Purge, Reset},
};
use serde_json::json;

use super::*;

const NOW: i64 = 1_000_000_000;

fn stored(change: impl FnOnce(&mut Stored)) -> Snapshot {
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
    let mut specs = Snapshot::default();
    let old = Arc::new(stored.spec.clone());
    specs.revisions.insert(("a".to_owned(), "0123456789abcdef0000".to_owned()), old);
    specs.pipelines.insert("a".to_owned(), Arc::new(stored));
    specs
}

fn report(version: u64, pending_ranges: u32) -> StatusSnapshot {
    let status: InstanceStatus = serde_json::from_value(json!({
        "instance": "i", "pipeline": "a", "at_ms": NOW, "version": version, "revision": "r",
        "state": "running",
        "partitions": [{"topic": "t", "partition": 0, "pending_ranges": pending_ranges}],
    }))
    .unwrap();
    let mut statuses = StatusSnapshot::default();
    statuses.instances.insert(("a".to_owned(), "i".to_owned()), Arc::new(status));
    mirror(&mut statuses, None);
    statuses
}

fn mirror(statuses: &mut StatusSnapshot, reset: Option<&str>) {
    let mirror = Mirror {
        topic: "t".to_owned(),
        partition: 0,
        offset: 7,
        metadata: String::new(),
        at_ms: NOW,
        reset: reset.map(str::to_owned),
    };
    statuses.mirrors.insert(("a".to_owned(), "t".to_owned(), 0), Arc::new(mirror));
}

fn names(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| match told(change) {
            Some((what, _)) => what,
            None => "drop".to_owned(),
        })
        .collect()
}

#[test]
fn a_deleted_pipeline_goes_once_no_sink_has_it() {
    let deleting = |at_ms| {
        stored(|stored| {
            stored.deleting = true;
            stored.updated_at_ms = at_ms;
        })
    };
    let silent = StatusSnapshot::default();
    assert_eq!(names(&changes(&deleting(NOW), &silent, NOW)), [""; 0]);
    assert_eq!(names(&changes(&deleting(0), &silent, NOW)), ["pipeline.removed"]);
    assert!(
        !names(&changes(&deleting(0), &report(3, 0), NOW)).contains(&"pipeline.removed".into())
    );
}

#[test]
fn a_reset_is_crossed_off_when_every_partition_has_it() {
    let offset = PartitionOffset { topic: "t".to_owned(), partition: 0, offset: 7 };
    let specs = stored(|stored| {
        stored.updated_at_ms = NOW;
        stored.reset = Some(Reset {
            id: "x".to_owned(),
            requested_at_ms: 0,
            by: "me".to_owned(),
            offsets: vec![offset],
            delete_rows: false,
        });
    });
    let mut statuses = report(3, 0);
    assert_eq!(names(&changes(&specs, &statuses, NOW)), [""; 0]);
    mirror(&mut statuses, Some("another"));
    assert_eq!(names(&changes(&specs, &statuses, NOW)), [""; 0]);
    mirror(&mut statuses, Some("x"));
    let found = changes(&specs, &statuses, NOW);
    let [Change::Put { stored, .. }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((stored.version, &stored.reset), (4, &None));
}
