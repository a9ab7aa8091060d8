//! Promise: `sink healthcheck` says by its exit code whether the sink with the same settings is
//! ready, and in one line why not.

use std::{fs, process::Output};

use anyhow::Context;
use tempfile::TempDir;
use tokio::process::Command;

use crate::fixture::Scene;

async fn healthcheck(arguments: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sink"));
    command.args(arguments).envs(variables.iter().copied()).kill_on_drop(true);
    command.output().await.context("run the healthcheck")
}

/// Exit code and output.
fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test]
async fn a_sink_is_ready_once_it_has_reached_kafka_and_not_when_it_is_gone() -> anyhow::Result<()> {
    let scene = Scene::new(1).await?;
    let sink = scene.sink().await?;
    let address = sink.address().to_owned();
    let ready = (Some(0), "ready\n".to_owned());

    // By variable, by file before and behind the subcommand, and told.
    let variables = [("SINK__SERVICE__HTTP", address.as_str())];
    assert_eq!(said(&healthcheck(&["healthcheck"], &variables).await?), ready);
    let folder = TempDir::new()?;
    let file = folder.path().join("sink.toml");
    fs::write(&file, format!("[service]\nhttp = \"{address}\"\n"))?;
    let file = file.to_str().context("path")?;
    assert_eq!(said(&healthcheck(&["healthcheck", "--config", file], &[]).await?), ready);
    assert_eq!(said(&healthcheck(&["--config", file, "healthcheck"], &[]).await?), ready);
    assert_eq!(said(&healthcheck(&["healthcheck"], &[("SINK_CONFIG", file)]).await?), ready);
    let url = format!("http://{address}/readyz");
    assert_eq!(said(&healthcheck(&["healthcheck", "--url", &url], &[]).await?), ready);
    // What it needs to run, a check does not need: this file is not there.
    let secret = ("SINK_CLICKHOUSE_PASSWORD_FILE", "/nowhere/password");
    assert_eq!(said(&healthcheck(&["healthcheck"], &[variables[0], secret]).await?), ready);

    assert!(sink.stop().await?.success());
    let (code, line) = said(&healthcheck(&["healthcheck"], &variables).await?);
    assert_eq!(code, Some(1));
    assert!(line.starts_with(&format!("ask {address}: connect: ")), "{line}");
    assert_eq!(line.lines().count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_sink_that_has_not_reached_kafka_is_not_ready() -> anyhow::Result<()> {
    let mut scene = Scene::new(1).await?;
    scene.brokers = "127.0.0.1:9".to_owned(); // nothing answers there
    let sink = scene.unready_sink().await?;
    let variables = [("SINK__SERVICE__HTTP", sink.address())];
    let found = said(&healthcheck(&["healthcheck"], &variables).await?);
    assert_eq!(found, (Some(1), "not ready (503): waiting for: kafka\n".to_owned()));
    Ok(())
}

#[tokio::test]
async fn settings_that_cannot_be_read_are_the_reason() -> anyhow::Result<()> {
    let (code, line) = said(&healthcheck(&["healthcheck", "--config", "/nowhere"], &[]).await?);
    assert_eq!(code, Some(1));
    assert_eq!(line, "configuration file /nowhere does not exist\n");
    Ok(())
}
