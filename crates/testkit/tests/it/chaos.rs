//! Faults are made in a running proxy, by HTTP, of the link that was named.

use std::{process::Stdio, time::Duration};

use reqwest::StatusCode;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};

use crate::proxy::{echo, send};

const PATIENCE: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(300);

/// The binary with these links, and where it is steered.
async fn chaos(links: &[String]) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chaos"));
    command.args(["--control", "127.0.0.1:0"]).kill_on_drop(true).stdout(Stdio::piped());
    let mut child = command.args(links.iter().flat_map(|l| ["--link", l])).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
    (child, line.strip_prefix("control at ").unwrap().to_owned())
}

async fn put(control: &str, path: &str) -> StatusCode {
    reqwest::Client::new().put(format!("{control}/{path}")).send().await.unwrap().status()
}

async fn listens(control: &str, link: &str) -> String {
    let links: Value = reqwest::get(control).await.unwrap().json().await.unwrap();
    links[link]["listen"].as_str().unwrap().to_owned()
}

fn link(name: &str, upstream: &str) -> String {
    let server = upstream.trim_start_matches("http://").split('/').next().unwrap();
    format!("{name}=127.0.0.1:0={server}")
}

#[tokio::test]
async fn a_fault_is_of_the_link_that_was_named_and_ends_with_a_reset() {
    let upstream = echo().await;
    let (_child, control) = chaos(&[link("one", &upstream), link("two", &upstream)]).await;
    let mut one = TcpStream::connect(listens(&control, "one").await).await.unwrap();
    let mut two = TcpStream::connect(listens(&control, "two").await).await.unwrap();
    assert_eq!(put(&control, "one/pause").await, StatusCode::NO_CONTENT);
    timeout(SILENCE, send(&mut one, 1)).await.expect_err("a byte came through a pause");
    assert_eq!(timeout(PATIENCE, send(&mut two, 2)).await.unwrap().unwrap(), 2);
    assert_eq!(put(&control, "all/reset").await, StatusCode::NO_CONTENT);
    // What was held back comes first.
    assert_eq!(timeout(PATIENCE, one.read_u8()).await.unwrap().unwrap(), 1);
    assert_eq!(timeout(PATIENCE, send(&mut one, 3)).await.unwrap().unwrap(), 3);
    assert_eq!(put(&control, "all/cut").await, StatusCode::NO_CONTENT);
    for connection in [&mut one, &mut two] {
        timeout(PATIENCE, send(connection, 4)).await.unwrap().expect_err("not cut");
    }
}

#[tokio::test]
async fn every_fault_can_be_asked_for_and_nonsense_is_refused() {
    let (_child, control) = chaos(&[link("one", &echo().await)]).await;
    for path in [
        "one/delay?ms=1",
        "one/throttle?bytes_per_s=1000",
        "one/pause",
        "one/cut",
        "one/refuse",
        "one/half-open",
        "one/reset",
    ] {
        assert_eq!(put(&control, path).await, StatusCode::NO_CONTENT, "{path}");
    }
    for (path, status) in [
        ("two/cut", StatusCode::NOT_FOUND),
        ("one/explode", StatusCode::BAD_REQUEST),
        ("one/delay", StatusCode::BAD_REQUEST),
        ("one/delay?ms=3600001", StatusCode::BAD_REQUEST),
        ("one/throttle?bytes_per_s=0", StatusCode::BAD_REQUEST),
        ("one/cut?ms=1", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(put(&control, path).await, status, "{path}");
    }
}
