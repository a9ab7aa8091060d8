//! Promise: the rate is kept, and changes, pauses and resumes when told over HTTP.

use std::time::{Duration, Instant};

use anyhow::Context;
use reqwest::Client;
use testkit::{eventually, stack};

use crate::fixture::{Running, SOON, config};

/// Checks that at least `seconds` long no more than the rate comes, and not much less.
async fn keeps(running: &Running, rate_per_sec: u64, seconds: u64) -> anyhow::Result<()> {
    let (start, before) = (Instant::now(), running.handle.stats().acknowledged);
    running.acknowledges(before + rate_per_sec * seconds).await?;
    let took = start.elapsed();
    let events = running.handle.stats().acknowledged - before;
    // What was on its way at the first look, and what a busy machine may make up for.
    let slack = Duration::from_millis(500);
    let expected = Duration::from_secs_f64(events as f64 / rate_per_sec as f64);
    assert!(took + slack >= expected, "{events} events came in {took:?}: too fast");
    assert!(took <= expected + slack * 2, "{events} events came in {took:?}: too slow");
    Ok(())
}

#[tokio::test]
async fn the_rate_is_kept_and_can_be_changed() -> anyhow::Result<()> {
    let mut config = config(stack().await?)?;
    config.workload.rate_per_sec = 2_000;
    let running = Running::start(config)?;
    running.acknowledges(1).await?;
    keeps(&running, 2_000, 3).await?;

    let url = format!("http://{}/rate", running.handle.http().context("http is open")?);
    let change = serde_json::json!({"rate_per_sec": 500});
    Client::new().put(&url).json(&change).send().await?.error_for_status()?;
    keeps(&running, 500, 3).await?;
    running.stop().await
}

#[tokio::test]
async fn a_pause_is_a_pause_until_resumed() -> anyhow::Result<()> {
    let mut config = config(stack().await?)?;
    config.workload.rate_per_sec = 1_000;
    let running = Running::start(config)?;
    running.acknowledges(100).await?;

    let base = format!("http://{}", running.handle.http().context("http is open")?);
    Client::new().post(format!("{base}/pause")).send().await?.error_for_status()?;
    let (mut seen, mut since) = (0, Instant::now());
    eventually("nothing acknowledged for a second", SOON, async || {
        let now = running.handle.stats().acknowledged;
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        since.elapsed() >= Duration::from_secs(1)
    })
    .await?;
    let paused_at = seen;

    Client::new().post(format!("{base}/resume")).send().await?.error_for_status()?;
    running.acknowledges(paused_at + 100).await?;
    let ready = Client::new().get(format!("{base}/readyz")).send().await?;
    assert!(ready.status().is_success());
    running.stop().await
}
