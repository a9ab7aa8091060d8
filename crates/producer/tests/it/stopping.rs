//! Promise: at stop, what was sent is acknowledged, and the count is exact.

use testkit::stack;

use crate::fixture::{Running, config, read};

#[tokio::test]
async fn a_stop_at_full_speed_leaves_nothing_uncounted() -> anyhow::Result<()> {
    let servers = stack().await?;
    let running = Running::start(config(servers)?)?;
    running.acknowledges(5_000).await?;
    let (handle, topic) = (running.handle.clone(), running.topic.clone());
    running.stop().await?;
    let stats = handle.stats();
    assert_eq!(stats.failed, 0);
    assert_eq!(read(servers, &topic).await?.len() as u64, stats.acknowledged);
    Ok(())
}

#[tokio::test]
async fn a_stop_before_the_start_is_a_stop() -> anyhow::Result<()> {
    let mut config = config(stack().await?)?;
    config.registry.url = "http://127.0.0.1:9".to_owned(); // nothing answers there
    Running::start(config)?.stop().await
}
