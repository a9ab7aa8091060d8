use std::collections::BTreeMap;

use super::*;

fn connector(state: &str, tasks: &[&str]) -> Connector {
    let task = |state: &&str| Task { id: 0, state: (*state).to_owned(), error: None };
    Connector {
        name: "a/b".to_owned(),
        kind: "source".to_owned(),
        class: "X".to_owned(),
        state: state.to_owned(),
        tasks: tasks.iter().map(task).collect(),
        config: BTreeMap::new(),
    }
}

#[test]
fn a_failed_task_is_seen_at_the_connector() {
    let check = |state, tasks, expected| assert_eq!(row(connector(state, tasks)).health, expected);
    check("RUNNING", &["RUNNING"], Health::Running);
    check("RUNNING", &["RUNNING", "FAILED"], Health::Degraded);
    check("FAILED", &["FAILED"], Health::Failed);
    check("PAUSED", &["PAUSED"], Health::Paused);
    check("UNASSIGNED", &[], Health::Starting);
    check("something new", &[], Health::Starting);
}

#[test]
fn its_name_stays_one_step_of_the_address() {
    assert_eq!(row(connector("RUNNING", &[])).path, "a%2Fb");
}
