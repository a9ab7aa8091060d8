//! Promise: docs/metrics.md lists what a producer serves at /metrics.

use anyhow::Context as _;
use testkit::{expect_documented, stack};

use crate::fixture::{Running, config};

#[tokio::test]
async fn every_metric_is_documented() -> anyhow::Result<()> {
    let mut config = config(stack().await?)?;
    config.workload.rate_per_sec = 1_000;
    let running = Running::start(config)?;
    running.acknowledges(1).await?;
    let url = format!("http://{}/metrics", running.handle.http().context("http is open")?);
    let served = reqwest::get(url).await?.error_for_status()?.text().await?;
    assert!(served.contains("\npenstock_ready 1\n"), "{served}");
    expect_documented("producer", &served)?;
    running.stop().await
}
