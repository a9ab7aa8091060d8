//! The servers of a test that was killed do not stay.

use std::{fs, path::PathBuf, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use testkit::{ClickHouse, Part, User, eventually, own_stack};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// Longest that a server may stay after the test that had it.
const GONE_WITHIN: Duration = Duration::from_secs(30);

/// A test that has a ClickHouse of its own, and that ClickHouse.
async fn holding() -> (Child, ClickHouse) {
    let it = std::env::current_exe().unwrap();
    let hold = it.parent().and_then(|deps| deps.parent()).unwrap().join("examples").join("hold");
    let mut command = Command::new(hold);
    let mut test = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(test.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let (url, name, password): (String, String, String) = serde_json::from_str(&line).unwrap();
    let clickhouse = ClickHouse::new(&url, &User { name, password: password.into() });
    assert_eq!(clickhouse.query("SELECT 1").await.unwrap(), "1");
    (test, clickhouse)
}

/// The only child of a process.
fn child_of(parent: u32) -> u32 {
    let is_child = |stat: PathBuf| {
        let text = fs::read_to_string(stat).unwrap_or_default();
        // `pid (name) state parent ..`
        let (_, rest) = text.rsplit_once(')')?;
        (rest.split_whitespace().nth(1)? == parent.to_string()).then_some(())
    };
    let mut found = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        is_child(entry.path().join("stat")).map(|()| pid)
    });
    let child = found.next().unwrap();
    assert_eq!(found.next(), None, "a second child");
    child
}

#[tokio::test]
async fn the_servers_of_a_test_that_was_killed_go() {
    let (mut test, clickhouse) = holding().await;
    test.kill().await.unwrap();
    eventually("the server is gone", GONE_WITHIN, async || {
        clickhouse.query("SELECT 1").await.is_err()
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn those_whose_holder_was_killed_too_go_when_the_next_test_starts_some() {
    let (mut test, clickhouse) = holding().await;
    let holder = Pid::from_raw(i32::try_from(child_of(test.id().unwrap())).unwrap()).unwrap();
    kill_process(holder, Signal::KILL).unwrap();
    test.kill().await.unwrap();
    let own = own_stack(&[Part::ClickHouse], |_settings| {}).await.unwrap();
    // Another server may have its port: it does not know its password.
    clickhouse.query("SELECT 1").await.expect_err("the server is still there");
    own.stop().await.unwrap();
}
