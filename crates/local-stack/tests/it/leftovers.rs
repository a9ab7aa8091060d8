//! Whichever of our processes is killed, nothing is left running.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use local_stack::{ChildSpec, Event, Part, Stack, StackFile, progress};
use rustix::process::{Pid, Signal, kill_process};
use testkit::eventually;

use crate::fixture::{GONE_WITHIN, PROGRAM, folder, processes_in, recorder, settings};

/// Longest that a small stack may take on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(120);

fn kill(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

async fn nothing_runs_in(folder: &Path) {
    eventually("no process is left", GONE_WITHIN, async || processes_in(folder).is_empty())
        .await
        .unwrap_or_else(|error| panic!("{error}: {:#?}", processes_in(folder)));
}

#[tokio::test]
async fn a_killed_owner_takes_its_servers_along_and_the_next_one_waits_for_that() {
    let data = folder();
    let mut owner = Command::new(PROGRAM)
        .args(["up", "--part", "kafka", "--part", "clickhouse", "--data-dir"])
        .arg(data.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let file = StackFile::path(data.path());
    eventually("the stack is up", READY_WITHIN, async || file.exists()).await.unwrap();
    assert!(processes_in(data.path()).len() >= 4, "owner, supervisor and two servers");
    owner.kill().unwrap();
    owner.wait().unwrap();

    // At once, while the old servers are still being stopped.
    let (progress, events) = recorder();
    let stack = Stack::start(settings(data.path(), &[Part::ClickHouse]), progress).await.unwrap();
    let waited = events.lock().unwrap().iter().any(|event| matches!(event, Event::Waiting(_)));
    assert!(waited, "the data folder was free while servers ran in it");
    stack.stop().await.unwrap();
    nothing_runs_in(data.path()).await;
}

#[tokio::test]
async fn a_killed_supervisor_takes_its_children_along() {
    let data = folder();
    let settings = settings(data.path(), &[Part::ClickHouse]);
    let stack = Stack::start(settings, progress::quiet()).await.unwrap();
    // One that would not go by itself.
    let stubborn = ChildSpec {
        name: "stubborn".to_owned(),
        program: "/bin/sh".into(),
        args: ["-c", "trap '' TERM; while :; do sleep 1; done"].map(String::from).into(),
        env: [("FOLDER".to_owned(), data.path().display().to_string())].into(),
        log: None,
        stop_grace: Duration::from_secs(1),
    };
    let child = stack.start_child(stubborn).await.unwrap();
    kill(stack.supervisor_pid());
    let (part, exit) = stack.exited().await;
    assert_eq!((part, exit.code, exit.signal), (Part::ClickHouse, None, None));
    assert_eq!(child.exited().await.to_string(), "ended with its supervisor");
    // The shell's own `sleep` is nobody's child then, and ends within its second.
    nothing_runs_in(data.path()).await;
    stack.stop().await.unwrap_err();
}

#[tokio::test]
async fn a_dropped_start_and_a_dropped_stack_leave_nothing() {
    let data = folder();
    let started = Stack::start(settings(data.path(), &[Part::ClickHouse]), progress::quiet());
    drop(tokio::time::timeout(Duration::from_millis(300), started).await);
    nothing_runs_in(data.path()).await;
    let settings = settings(data.path(), &[Part::ClickHouse]);
    let stack = Stack::start(settings, progress::quiet()).await.unwrap();
    drop(stack);
    nothing_runs_in(data.path()).await;
}

#[tokio::test]
async fn a_server_that_is_killed_frozen_or_restarted_is_the_only_one() {
    let data = folder();
    let parts = [Part::Kafka, Part::ClickHouse];
    let stack = Stack::start(settings(data.path(), &parts), progress::quiet()).await.unwrap();
    let (kafka, clickhouse) = (stack.pid(Part::Kafka), stack.pid(Part::ClickHouse));
    let address = stack.addresses().clickhouse_http.clone();
    let exit = stack.kill(Part::ClickHouse).await.unwrap();
    assert_eq!(exit.signal, Some(9));
    assert_eq!(stack.pid(Part::ClickHouse), None);
    stack.restart(Part::ClickHouse).await.unwrap();
    assert_ne!(stack.pid(Part::ClickHouse), clickhouse);
    assert_eq!(stack.addresses().clickhouse_http, address);
    assert_eq!(stack.pid(Part::Kafka), kafka);
    stack.signal(Part::ClickHouse, local_stack::Signal::Freeze).await.unwrap();
    // A frozen server is stopped all the same.
    stack.stop().await.unwrap();
    nothing_runs_in(data.path()).await;
}
