//! Promise: `producer healthcheck` says by its exit code whether the producer with the same
//! settings is ready, and in one line why not.

use std::process::Stdio;

use anyhow::Context as _;
use testkit::{eventually, stack, unique};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::fixture::SOON;

/// Exit code and output of a check of the service that has this port for its health.
async fn healthcheck(address: &str) -> anyhow::Result<(Option<i32>, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_producer"));
    command.arg("healthcheck").env("PRODUCER__SERVICE__HTTP", address).kill_on_drop(true);
    let output = command.output().await.context("run the healthcheck")?;
    Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// A producer in a process of its own that uses this registry, and the port of its health.
async fn producer(registry: &str) -> anyhow::Result<(Child, String)> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_producer"))
        .env("PRODUCER__KAFKA__BROKERS", &stack().await?.kafka)
        .env("PRODUCER__KAFKA__TOPIC", unique("sales"))
        .env("PRODUCER__REGISTRY__URL", registry)
        .env("PRODUCER__WORKLOAD__RATE_PER_SEC", "1")
        .env("PRODUCER__SERVICE__HTTP", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("start a producer")?;
    let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    let address = loop {
        let line = lines.next_line().await?.context("the producer ended")?;
        if let Some((_, rest)) = line.split_once("\"address\":\"") {
            break rest.split_once('"').context("no address in the log")?.0.to_owned();
        }
    };
    // Read on, or it would wait for us.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok((child, address))
}

#[tokio::test]
async fn a_producer_is_ready_until_it_is_gone() -> anyhow::Result<()> {
    let (mut child, address) = producer(&stack().await?.registry).await?;
    let ready = (Some(0), "ready\n".to_owned());
    eventually("the producer is ready", SOON, async || {
        healthcheck(&address).await.is_ok_and(|found| found == ready)
    })
    .await?;
    child.kill().await?;
    let (code, line) = healthcheck(&address).await?;
    assert_eq!(code, Some(1));
    assert!(line.starts_with(&format!("ask {address}: connect: ")), "{line}");
    Ok(())
}

#[tokio::test]
async fn a_producer_that_has_not_reached_the_registry_is_not_ready() -> anyhow::Result<()> {
    let (_child, address) = producer("http://127.0.0.1:9").await?; // nothing answers there
    let found = healthcheck(&address).await?;
    assert_eq!(found, (Some(1), "not ready (503): waiting for: registry, kafka\n".to_owned()));
    Ok(())
}
