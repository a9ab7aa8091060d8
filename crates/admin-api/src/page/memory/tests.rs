use std::sync::Arc;

use pipeline_spec::status::{InstanceStatus, PartitionStatus, Quantiles, RunState};

use super::*;

fn report(instance: &str, lag: i64, p95: f64) -> InstanceStatus {
    InstanceStatus {
        instance: instance.to_owned(),
        pipeline: "sales".to_owned(),
        at_ms: 0,
        version: 1,
        revision: String::new(),
        state: RunState::Running,
        reason: None,
        detail: None,
        partitions: vec![PartitionStatus {
            topic: "sales".to_owned(),
            partition: 0,
            committed: None,
            end: None,
            lag: Some(lag),
            pending_ranges: 0,
            stopped: None,
            topic_id: None,
        }],
        rows_total: 0,
        bytes_total: 0,
        rows_per_s: 10.0,
        bytes_per_s: 0.0,
        freshness_ms: Some(Quantiles { p50: 1.0, p95 }),
        dead_letters_total: 0,
        skipped_total: BTreeMap::new(),
        last_error: None,
        retrying: None,
        guarantee: None,
    }
}

fn two_sinks() -> StatusSnapshot {
    let mut statuses = StatusSnapshot::default();
    for (instance, lag, p95) in [("a", 5, 20.0), ("b", 7, 90.0)] {
        let key = ("sales".to_owned(), instance.to_owned());
        statuses.instances.insert(key, Arc::new(report(instance, lag, p95)));
    }
    statuses
}

#[test]
fn sinks_are_added_up_and_the_worst_freshness_counts() {
    let memory = Memory::default();
    memory.sample([&"sales".to_owned()].into_iter(), &two_sinks());
    let series = memory.series("sales");
    assert_eq!(series.lag.all().last(), Some(&Some(12.0)));
    assert_eq!(series.rows.all().last(), Some(&Some(20.0)));
    assert_eq!(series.freshness.all().last(), Some(&Some(90.0)));
}

#[test]
fn what_is_kept_has_a_limit_and_gaps_come_first() {
    let memory = Memory::default();
    let names = ["sales".to_owned()];
    memory.sample(names.iter(), &two_sinks());
    assert_eq!(memory.series("sales").rows.all().len(), KEPT);
    assert_eq!(memory.series("sales").rows.all().iter().flatten().count(), 1);
    for _ in 0..2 * KEPT {
        memory.sample(names.iter(), &StatusSnapshot::default());
    }
    let rows = memory.series("sales").rows;
    assert_eq!((rows.0.len(), rows.all().iter().flatten().count()), (KEPT, 0));
}

#[test]
fn a_pipeline_that_is_gone_is_forgotten() {
    let memory = Memory::default();
    memory.sample([&"sales".to_owned()].into_iter(), &two_sinks());
    memory.sample([&"orders".to_owned()].into_iter(), &two_sinks());
    assert_eq!(memory.series("sales"), Series::default());
    assert_eq!(memory.series.lock().unwrap().len(), 1);
}
