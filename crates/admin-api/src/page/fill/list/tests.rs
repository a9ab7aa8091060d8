use super::*;
use crate::rest::pipelines::Numbers;

fn summary(name: &str, state: Overall) -> PipelineSummary {
    PipelineSummary {
        name: name.to_owned(),
        state,
        wanted: "running".to_owned(),
        reason: Some("insert-refused".to_owned()),
        labels: BTreeMap::from([
            ("critical".to_owned(), String::new()),
            ("team".to_owned(), "retail".to_owned()),
        ]),
        topics: vec!["a".to_owned(), "b".to_owned()],
        database: "shop".to_owned(),
        table: "sales".to_owned(),
        version: 1,
        updated_at_ms: 0,
        updated_by: "laptop".to_owned(),
        instances: 1,
        numbers: Numbers {
            lag: Some(5),
            rows_per_s: 10.0,
            freshness_p95_ms: Some(420.4),
            dead_letters_total: 3,
            ..Numbers::default()
        },
        delivery: None,
        last_error: Some("what went wrong".to_owned()),
    }
}

#[test]
fn a_row_is_ready_to_print() {
    let row = row(&summary("sales", Overall::Failed), &Memory::default());
    assert_eq!(row.labels, ["critical", "team=retail"]);
    assert_eq!((row.topics.as_str(), row.table.as_str()), ("a, b", "shop.sales"));
    assert_eq!((row.lag.as_str(), row.freshness.as_str()), ("5", "420 ms"));
    assert_eq!(row.why.as_deref(), Some("insert-refused"));
    assert!(row.has_dead_letters);
}

#[test]
fn what_runs_has_no_reason_and_what_nobody_runs_no_speed() {
    assert_eq!(row(&summary("sales", Overall::Running), &Memory::default()).why, None);
    let alone = PipelineSummary { instances: 0, ..summary("sales", Overall::NoSink) };
    assert_eq!(row(&alone, &Memory::default()).rows, number::NOTHING);
}

#[test]
fn sums_name_the_worst() {
    let mut slow = summary("slow", Overall::Running);
    slow.numbers.freshness_p95_ms = Some(9_000.0);
    slow.numbers.lag = None;
    let totals = totals(&[summary("sales", Overall::Failed), slow]);
    assert_eq!(totals.freshness, Some(("9.0 s".to_owned(), "slow".to_owned())));
    assert_eq!((totals.lag.as_str(), totals.rows.as_str()), ("5", "20"));
    assert_eq!(
        totals.states,
        [(Health::Failed, "1".to_owned()), (Health::Running, "1".to_owned())]
    );
    assert_eq!(super::totals(&[]).lag, number::NOTHING);
}

#[test]
fn durations_that_are_none_are_not_known() {
    for ms in [f64::NAN, f64::INFINITY, -1.0] {
        assert_eq!(freshness(Some(ms)), number::NOTHING);
    }
}

#[test]
fn what_is_to_pause_and_has_not_yet_is_pausing() {
    let starting = summary("sales", Overall::Starting);
    assert_eq!(row(&starting, &Memory::default()).health, Health::Starting);
    let pausing = PipelineSummary { wanted: "paused".to_owned(), ..starting };
    assert_eq!(row(&pausing, &Memory::default()).health, Health::Pausing);
}

#[test]
fn the_shape_of_the_list_changes_with_states_and_not_with_numbers() {
    let of = |states: &[Overall]| {
        let all: Vec<_> = states.iter().map(|state| summary("sales", *state)).collect();
        shape(&totals(&all))
    };
    let before = of(&[Overall::Running, Overall::Paused]);
    assert_eq!(before, of(&[Overall::Paused, Overall::Running]));
    assert_ne!(before, of(&[Overall::Running, Overall::Running]));
    assert_ne!(before, of(&[Overall::Running, Overall::Paused, Overall::Running]));
}
