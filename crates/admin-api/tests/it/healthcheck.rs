//! Promise: `admin-api healthcheck` says by its exit code whether the admin API with the same
//! settings is ready, and in one line why not.

use anyhow::Context as _;
use tokio::process::Command;

use crate::fixture::Scene;

/// Exit code and output of a check of the service that has this port for its health.
async fn healthcheck(address: &str) -> anyhow::Result<(Option<i32>, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_admin-api"));
    command.arg("healthcheck").env("ADMIN_API__SERVICE__HTTP", address).kill_on_drop(true);
    let output = command.output().await.context("run the healthcheck")?;
    Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[tokio::test]
async fn an_admin_api_is_ready_until_it_is_gone() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    let address = api.health.to_string();
    assert_eq!(healthcheck(&address).await?, (Some(0), "ready\n".to_owned()));
    api.stop().await?;
    let (code, line) = healthcheck(&address).await?;
    assert_eq!(code, Some(1));
    assert!(line.starts_with(&format!("ask {address}: connect: ")), "{line}");
    Ok(())
}

#[tokio::test]
async fn an_admin_api_that_has_not_read_the_pipelines_is_not_ready() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let mut config = scene.config()?;
    config.kafka.brokers = "127.0.0.1:9".to_owned(); // nothing answers there
    let api = admin_api::AdminApi::bind(config).await?;
    let address = api.health_address()?.to_string();
    let stop = tokio_util::sync::CancellationToken::new();
    let run = tokio::spawn(api.run(stop.clone()));
    let found = healthcheck(&address).await?;
    assert_eq!(found, (Some(1), "not ready (503): waiting for: pipelines\n".to_owned()));
    stop.cancel();
    run.await?
}
