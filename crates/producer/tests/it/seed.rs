//! Promise: the same seed writes the same records.

use testkit::{Servers, stack};

use crate::fixture::{Record, Running, config, read};

async fn records(servers: &Servers, seed: u64, start: i64) -> anyhow::Result<Vec<Record>> {
    let mut config = config(servers)?;
    config.workload.events = 1_000;
    config.workload.seed = seed;
    config.workload.first_ts_ms = start;
    let running = Running::start(config)?;
    let topic = running.topic.clone();
    running.ended().await?;
    read(servers, &topic).await
}

#[tokio::test]
async fn one_seed_one_topic() -> anyhow::Result<()> {
    let servers = stack().await?;
    let first = records(servers, 7, 1_700_000_000_000).await?;
    assert_eq!(first, records(servers, 7, 1_700_000_000_000).await?);
    let other = records(servers, 8, 1_700_000_000_000).await?;
    assert!(other.iter().all(|record| first.iter().all(|first| first.value != record.value)));
    Ok(())
}

#[tokio::test]
async fn without_a_seed_every_start_is_another() -> anyhow::Result<()> {
    let servers = stack().await?;
    let first = records(servers, 0, 1_700_000_000_000).await?;
    assert_ne!(first, records(servers, 0, 1_700_000_000_000).await?);
    Ok(())
}
