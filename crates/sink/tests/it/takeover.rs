//! Promise: a sink that hangs or was frozen cannot double what its successor wrote, and works on
//! as a member like any other.

use std::time::{Duration, Instant};

use testkit::{Proxy, eventually};

use crate::{
    fixture::{PATIENCE, SCHEMA, Scene},
    process::Sink,
};

const PARTITIONS: i64 = 4;

/// A sink whose inserts go through `proxy`, and one beside it whose inserts do not, each with half
/// of the partitions. Rows 0 to 99 have landed.
struct Two {
    scene: Scene,
    schema_id: u32,
    proxy: Proxy,
    first: Sink,
}

impl Two {
    /// The first of them, alone for now.
    async fn begin(properties: &[&str]) -> anyhow::Result<Self> {
        let mut scene = Scene::new(4).await?;
        scene.properties(properties);
        let schema_id = scene.register(SCHEMA).await?;
        let direct = scene.clickhouse_url.clone();
        let proxy = Proxy::start(&direct).await?;
        scene.clickhouse_url = proxy.url(&direct);
        let first = scene.sink().await?;
        scene.clickhouse_url = direct;
        scene.produce_rows(schema_id, 0..100, PARTITIONS).await?;
        scene.until_committed(100).await?;
        Ok(Self { scene, schema_id, proxy, first })
    }

    /// Hangs the inserts of the first, and returns when it has announced some of rows 100 to 199.
    async fn hang_inserts(&self) -> anyhow::Result<()> {
        self.proxy.pause();
        self.scene.produce_rows(self.schema_id, 100..200, PARTITIONS).await?;
        self.scene.until_announced().await
    }
}

/// The insert that the frozen one had sent arrives after its successor's.
#[tokio::test]
async fn a_frozen_sink_whose_partitions_were_taken_doubles_nothing() -> anyhow::Result<()> {
    let two = Two::begin(&[r#""session.timeout.ms"="6000""#]).await?;
    let Two { scene, schema_id, proxy, first } = &two;
    let second = scene.sink().await?;
    first.until_assigned(2.0).await?;
    second.until_assigned(2.0).await?;
    two.hang_inserts().await?;
    // The partitions of the second have landed, those of the first have not.
    eventually("half of the rows", PATIENCE, async || scene.rows().await == 150).await?;

    first.freeze()?;
    second.until_assigned(4.0).await?;
    second.until_log("range is replayed").await?;
    scene.until_committed(200).await?;
    proxy.resume(); // what the frozen one had sent arrives now
    scene.produce_rows(*schema_id, 200..300, PARTITIONS).await?;
    scene.until_committed(300).await?;
    first.thaw()?;
    eventually("the frozen one notices", PATIENCE, async || {
        first.log_has("worker begins anew") || first.log_has("partitions lost")
    })
    .await?;

    first.until_assigned(2.0).await?;
    let before = first.metric("penstock_sink_rows_total", "").await?;
    scene.produce_rows(*schema_id, 300..400, PARTITIONS).await?;
    scene.until_committed(400).await?;
    scene.expect_ids(0..400).await?;
    let after = first.metric("penstock_sink_rows_total", "").await?;
    assert!(after >= before + 50.0, "the frozen one does not work on: {before}, {after}");
    let Two { scene: _scene, first, .. } = two;
    assert!(first.stop().await?.success());
    assert!(second.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_sink_whose_inserts_hang_gives_its_share_to_one_that_joins() -> anyhow::Result<()> {
    /// 8 s for its inserts, and until the next heartbeat tells that the group wants them back.
    const GIVEN_UP_WITHIN: Duration = Duration::from_secs(8 + 3 + 2);
    let two = Two::begin(&[r#""session.timeout.ms"="20000""#]).await?;
    let Two { scene, schema_id, proxy, first } = &two;
    two.hang_inserts().await?;
    assert_eq!(scene.rows().await, 100, "the inserts do not hang");
    let joins = Instant::now();
    let second = scene.sink().await?;
    first.until_log("partition given up").await?;
    assert!(joins.elapsed() < GIVEN_UP_WITHIN, "given up after {:?}", joins.elapsed());
    second.until_log("range is replayed").await?;
    second.until_assigned(2.0).await?;
    eventually("the second has its rows in", PATIENCE, async || scene.rows().await == 150).await?;

    proxy.resume(); // what the first had sent for all four arrives now
    scene.until_committed(200).await?;
    scene.produce_rows(*schema_id, 200..300, PARTITIONS).await?;
    scene.until_committed(300).await?;
    scene.expect_ids(0..300).await?;
    let Two { scene: _scene, first, .. } = two;
    assert!(first.stop().await?.success());
    assert!(second.stop().await?.success());
    Ok(())
}
