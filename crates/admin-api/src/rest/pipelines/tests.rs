use std::sync::Arc;

use pipeline_spec::{Pipeline, store::Purge};
use serde_json::json;

use super::*;

fn stored(name: &str, change: impl FnOnce(&mut Stored)) -> Stored {
    let text = format!(
        "name: {name}\nsource: {{topics: [t-{name}]}}\ntarget: {{database: d, table: t}}\n"
    );
    let mut stored = Stored {
        spec: Pipeline::from_yaml(&text).unwrap(),
        version: 2,
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

fn report(instance: &str, state: &str, version: u64, lag: i64) -> InstanceStatus {
    serde_json::from_value(json!({
        "instance": instance, "pipeline": "a", "at_ms": 0, "version": version, "revision": "r",
        "state": state, "rows_per_s": 10.0, "freshness_ms": {"p50": lag as f64, "p95": 90.0},
        "partitions": [{"topic": "t", "partition": 0, "lag": lag}],
    }))
    .unwrap()
}

fn state(stored: &Stored, reports: &[InstanceStatus]) -> Overall {
    overall(stored, &reports.iter().collect::<Vec<_>>())
}

#[test]
fn the_worst_that_a_sink_reports_is_what_is_told() {
    let running = stored("a", |_| {});
    assert_eq!(state(&running, &[]), Overall::NoSink);
    let ok = report("i", "running", 2, 0);
    assert_eq!(state(&running, std::slice::from_ref(&ok)), Overall::Running);
    assert_eq!(state(&running, &[ok.clone(), report("j", "failed", 2, 0)]), Overall::Failed);
    assert_eq!(state(&running, &[ok.clone(), report("j", "starting", 2, 0)]), Overall::Starting);
    assert_eq!(state(&running, &[report("i", "running", 1, 0)]), Overall::Starting, "behind");
    let mut stopped = ok.clone();
    stopped.partitions[0].stopped = Some("bad-record".to_owned());
    assert_eq!(state(&running, &[stopped]), Overall::Failed);
    let paused = stored("a", |stored| stored.spec.state = State::Paused);
    assert_eq!(state(&paused, &[report("i", "paused", 2, 0)]), Overall::Paused);
    assert_eq!(state(&stored("a", |stored| stored.deleting = true), &[ok]), Overall::Deleting);
}

#[test]
fn numbers_are_those_of_all_sinks_together() {
    let reports = [report("i", "running", 2, 5), report("j", "running", 2, 7)];
    let found = numbers(&reports.iter().collect::<Vec<_>>());
    assert_eq!((found.lag, found.rows_per_s), (Some(12), 20.0));
    assert_eq!(found.freshness_p50_ms, Some(7.0), "of the worst");
    assert_eq!(numbers(&[]), Numbers::default());
    assert!(numbers(&[]).rows_per_s.is_sign_positive(), "-0.0 is no rate");
}

#[test]
fn reports_of_other_pipelines_do_not_count() {
    let mut statuses = StatusSnapshot::default();
    for name in ["a", "a-b", "b"] {
        let key = (name.to_owned(), "i".to_owned());
        statuses.instances.insert(key, Arc::new(report("i", "running", 2, 1)));
    }
    assert_eq!(instances_of(&statuses, "a").len(), 1);
    assert_eq!(instances_of(&statuses, "").len(), 0);
}

#[test]
fn lists_are_sorted_and_filtered_as_wished() {
    let mut statuses = StatusSnapshot::default();
    for (name, lag) in [("a", 5), ("b", 9)] {
        let key = (name.to_owned(), "i".to_owned());
        statuses.instances.insert(key, Arc::new(report("i", "running", 2, lag)));
    }
    let mut specs = Snapshot::default();
    for name in ["a", "b", "c"] {
        specs.pipelines.insert(name.to_owned(), Arc::new(stored(name, |_| {})));
    }
    specs.unreadable.insert("bad".to_owned(), "why".to_owned());
    let sorted = |by| {
        let mut all = summaries(&specs, &statuses);
        sort(&mut all, by);
        all.into_iter().map(|one| one.name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(sorted(Sort::Name), "a b bad c");
    assert_eq!(sorted(Sort::NameDown), "c bad b a");
    assert_eq!(sorted(Sort::LagDown), "b a bad c");
    assert_eq!(sorted(Sort::State), "bad c a b", "worst first");
    let all = summaries(&specs, &statuses);
    let having = |text: &str| all.iter().filter(|one| contains(one, text)).count();
    assert_eq!((having("t-b"), having("d.t"), having(""), having("zzz")), (1, 3, 4, 0));
}
