//! Promise: both kinds of membership that spare a rebalance keep exactly once.

use std::time::{Duration, Instant};

use testkit::{Proxy, Servers};

use crate::{
    fixture::{SCHEMA, Scene},
    process::Sink,
};

const PARTITIONS: i64 = 4;
const SESSION: Duration = Duration::from_secs(40);

fn changes(sink: &Sink) -> usize {
    sink.log_count("partition assigned") + sink.log_count("partition given up")
}

#[tokio::test]
async fn a_static_member_that_is_back_in_time_moves_no_partition() -> anyhow::Result<()> {
    let mut scene = Scene::new(4).await?;
    let session = format!(r#""session.timeout.ms"="{}""#, SESSION.as_millis());
    let id = scene.register(SCHEMA).await?;
    scene.properties(&[&session, r#""group.instance.id"="one""#]);
    let one = scene.sink().await?;
    one.until_assigned(4.0).await?;
    scene.properties(&[&session, r#""group.instance.id"="two""#]);
    let mut two = scene.sink().await?;
    one.until_assigned(2.0).await?;
    two.until_assigned(2.0).await?;
    let before = changes(&one);

    scene.produce_rows(id, 0..10_000, PARTITIONS).await?;
    scene.until_rows(1).await?;
    two.kill().await?;
    scene.produce_rows(id, 10_000..20_000, PARTITIONS).await?;
    let back = Instant::now();
    two = scene.sink().await?;
    two.until_assigned(2.0).await?;
    assert!(back.elapsed() < SESSION / 2, "it had to wait for the one that was killed");
    scene.until_committed(20_000).await?;
    scene.expect_ids(0..20_000).await?;
    assert_eq!(changes(&one), before, "a kill moved partitions");

    scene.produce_rows(id, 20_000..30_000, PARTITIONS).await?;
    assert!(two.stop().await?.success());
    two = scene.sink().await?;
    two.until_assigned(2.0).await?;
    scene.until_committed(30_000).await?;
    scene.expect_ids(0..30_000).await?;
    assert_eq!(changes(&one), before, "a restart moved partitions");
    assert!(two.stop().await?.success());
    assert!(one.stop().await?.success());
    Ok(())
}

/// The protocol of KIP-848, in which the broker decides how long it waits for a member: on one
/// that waits for a few seconds.
pub(crate) async fn newer_protocol(servers: &'static Servers) -> anyhow::Result<()> {
    let mut scene = Scene::on(servers, 4).await?;
    scene.properties(&[r#""group.protocol"="consumer""#]);
    let id = scene.register(SCHEMA).await?;
    let direct = scene.clickhouse_url.clone();
    let proxy = Proxy::start(&direct).await?;
    scene.clickhouse_url = proxy.url(&direct);
    let one = scene.sink().await?;
    one.until_assigned(4.0).await?;
    scene.clickhouse_url = direct;
    let two = scene.sink().await?;
    one.until_assigned(2.0).await?;
    two.until_assigned(2.0).await?;

    scene.produce_rows(id, 0..10_000, PARTITIONS).await?;
    scene.until_rows(1).await?;
    assert!(two.stop().await?.success()); // gives its share back at once
    one.until_assigned(4.0).await?;
    scene.until_committed(10_000).await?;
    scene.expect_ids(0..10_000).await?;

    let three = scene.sink().await?;
    three.until_assigned(2.0).await?;
    proxy.delay_answers(Duration::from_secs(600)); // its rows arrive, and it does not know
    scene.produce_rows(id, 10_000..20_000, PARTITIONS).await?;
    scene.until_rows(20_000).await?;
    one.kill().await?;
    three.until_assigned(4.0).await?;
    three.until_log("range is replayed").await?;
    scene.until_committed(20_000).await?;
    scene.expect_ids(0..20_000).await?;
    assert!(three.stop().await?.success());
    Ok(())
}
