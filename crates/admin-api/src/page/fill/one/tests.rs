use super::*;
use crate::rest::pipelines::Numbers;

fn instance(name: &str, state: RunState) -> InstanceStatus {
    let text = format!(
        r#"{{"instance":"{name}","pipeline":"sales","at_ms":0,"version":1,"revision":"",
            "state":"running"}}"#
    );
    InstanceStatus { state, ..serde_json::from_str(&text).unwrap() }
}

fn view(partition: i32, lag: i64, stopped: Option<&str>) -> PartitionView {
    PartitionView {
        topic: "sales".to_owned(),
        partition,
        instance: "a".to_owned(),
        committed: Some(1_000),
        end: Some(1_000 + lag),
        lag: Some(lag),
        pending_ranges: 0,
        stopped: stopped.map(str::to_owned),
        advice: None,
    }
}

fn status(partitions: Vec<PartitionView>, instances: Vec<InstanceStatus>) -> PipelineStatus {
    PipelineStatus {
        name: "sales".to_owned(),
        state: Overall::Running,
        wanted: "running".to_owned(),
        reason: None,
        detail: None,
        advice: None,
        version: 1,
        revision: "r".to_owned(),
        created_at_ms: 0,
        updated_at_ms: 0,
        updated_by: "laptop".to_owned(),
        restarts: 0,
        group: "penstock.sales".to_owned(),
        dead_letter_topic: "penstock.dead-letters.sales".to_owned(),
        reset: None,
        deleting: false,
        numbers: Numbers::default(),
        partitions,
        instances,
    }
}

#[test]
fn trouble_is_told_once_for_each_reason() {
    let stopped =
        vec![view(0, 1, Some("offsets-lost")), view(1, 1, None), view(2, 1, Some("offsets-lost"))];
    let mut failed = instance("a", RunState::Failed);
    failed.reason = Some("config".to_owned());
    failed.detail = Some("no such registry".to_owned());
    let trouble = trouble(&status(stopped, vec![failed]));
    let told: Vec<(&str, &str)> =
        trouble.iter().map(|one| (one.advice.reason.as_str(), one.subject.as_str())).collect();
    assert_eq!(told, [("config", "sink a"), ("offsets-lost", "sales:0, sales:2")]);
    assert_eq!(trouble[0].detail.as_deref(), Some("no such registry"));
}

#[test]
fn without_a_sink_somebody_is_told_to_start_one() {
    let alone = PipelineStatus { state: Overall::NoSink, ..status(Vec::new(), Vec::new()) };
    assert_eq!(trouble(&alone)[0].advice.reason, "no-sink");
    assert!(trouble(&PipelineStatus { deleting: true, ..alone }).is_empty());
}

#[test]
fn stopped_partitions_come_first_and_their_number_has_a_limit() {
    let many = i32::try_from(PARTITIONS_MAX).unwrap() + 7;
    let mut views: Vec<PartitionView> = (0..many).map(|number| view(number, 50, None)).collect();
    views[500].stopped = Some("offsets-lost".to_owned());
    views[500].lag = Some(100);
    let (rows, left_out) = partitions(&status(views, Vec::new()));
    assert_eq!((rows.len(), rows[0].key.as_str()), (PARTITIONS_MAX, "sales:500"));
    assert_eq!((rows[0].lag_part, rows[1].lag_part), (100, 50));
    assert_eq!(left_out.as_deref(), Some("7 more are told of by the API only"));
}

#[test]
fn a_long_enumeration_is_cut() {
    let stopped = (0..500).map(|number| view(number, 1, Some("offsets-lost"))).collect();
    let subject = trouble(&status(stopped, Vec::new())).remove(0).subject;
    assert!(subject.len() < 250 && subject.ends_with('…'), "{subject}");
}

#[test]
fn the_shape_changes_with_more_than_numbers() {
    let before = status(vec![view(0, 1, None)], vec![instance("a", RunState::Running)]);
    let mut numbers = before.clone();
    numbers.partitions[0].lag = Some(99);
    numbers.instances[0].rows_total = 7;
    assert_eq!(shape(&before), shape(&numbers));
    let mut stopped = before.clone();
    stopped.partitions[0].stopped = Some("offsets-lost".to_owned());
    assert_ne!(shape(&before), shape(&stopped));
    let edited = PipelineStatus { version: 2, ..before.clone() };
    assert_ne!(shape(&before), shape(&edited));
}

#[test]
fn what_is_wanted_and_not_yet_so_is_told() {
    let check = |change: fn(&mut PipelineStatus), told: Option<&str>| {
        let mut status = status(Vec::new(), vec![instance("a", RunState::Running)]);
        status.version = 2;
        change(&mut status);
        assert_eq!(turn(&status).as_deref(), told, "{:?} {}", status.state, status.wanted);
    };
    check(|status| status.instances[0].version = 2, None);
    check(|_| {}, Some("Wanted: running. Now: 0 of 1 sinks took that over."));
    check(
        |status| (status.state, status.wanted) = (Overall::Starting, "paused".to_owned()),
        Some("Wanted: paused. Now: 0 of 1 sinks took that over; what is in flight lands first."),
    );
    check(
        |status| (status.state, status.instances[0].version) = (Overall::Starting, 2),
        Some("Wanted: running. Now: its sinks are about to begin."),
    );
    check(
        |status| (status.state, status.wanted) = (Overall::NoSink, "paused".to_owned()),
        Some("Wanted: paused. Now: no sink runs it."),
    );
    check(
        |status| (status.state, status.wanted) = (Overall::Failed, "paused".to_owned()),
        Some("Wanted: paused. Now: it has failed."),
    );
    check(
        |status| (status.state, status.reset) = (Overall::Paused, Some("r".to_owned())),
        Some("Wanted: running. Now: the owners of partitions set offsets."),
    );
    check(
        |status| status.state = Overall::Deleting,
        Some("It drains: what is in flight lands, then it is removed. The table stays."),
    );
}

#[test]
fn a_failed_sink_is_quoted_with_its_last_error() {
    let mut failed = instance("a", RunState::Failed);
    assert_eq!(detail(&failed), None);
    failed.detail = Some("4 of 5 partitions have stopped".to_owned());
    assert_eq!(detail(&failed), failed.detail);
    let error = |message: &str| {
        Some(pipeline_spec::status::LastError { at_ms: 0, message: message.to_owned() })
    };
    failed.last_error = error("no such column");
    assert_eq!(detail(&failed).unwrap(), "4 of 5 partitions have stopped:\nno such column");
    failed.last_error = error("here 4 of 5 partitions have stopped");
    assert_eq!(detail(&failed).unwrap(), "here 4 of 5 partitions have stopped");
}
