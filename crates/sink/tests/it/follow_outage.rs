//! Promise: a sink that follows the store outlives an outage of Kafka: it goes on where it was,
//! hears of later edits, and loses and doubles nothing.

use std::time::Duration;

use local_stack::Part;
use pipeline_spec::{State, status::RunState};
use testkit::eventually;

use crate::{fixture::PATIENCE, stored::StoredScene};

/// Far longer than the session of the tests' sinks, which is 6 s.
const AWAY: Duration = Duration::from_secs(25);
const PARTITIONS: i64 = 3;
/// So many that the broker goes while they are on their way.
const BACKLOG: i64 = 100_000;

#[tokio::test]
async fn after_an_outage_of_kafka_the_sink_goes_on_and_follows() -> anyhow::Result<()> {
    let own = testkit::own_stack(&[Part::Kafka, Part::Registry, Part::ClickHouse], |_| {}).await?;
    let mut stored = StoredScene::on(Box::leak(Box::new(own.servers()?)), 3).await?;
    // Many small batches, so that there is always a commit under way.
    stored.scene.document = "batch: {rows_max: 1000}\n".to_owned();
    stored.create().await?;
    let sink = stored.sink("").await?;
    stored.scene.produce_rows(stored.schema_id, 0..BACKLOG, PARTITIONS).await?;
    stored.scene.until_rows(1).await?;
    own.stack().kill(Part::Kafka).await?;
    assert!(stored.scene.rows().await < BACKLOG.cast_unsigned(), "all had landed before");
    tokio::time::sleep(AWAY).await; // the fault itself lasts so long
    own.stack().restart(Part::Kafka).await?;

    let version = stored.edit(|stored| stored.spec.batch.age_ms = 100).await?;
    stored.until_state(RunState::Running, version).await?;
    stored.scene.until_committed(BACKLOG).await?;
    stored.scene.expect_ids(0..BACKLOG).await?;

    let version = stored.set(State::Paused).await?;
    stored.until_state(RunState::Paused, version).await?;
    stored.scene.produce_rows(stored.schema_id, BACKLOG..BACKLOG + 100, PARTITIONS).await?;
    let lags = |one: &pipeline_spec::status::InstanceStatus| {
        one.partitions.iter().filter_map(|one| one.lag).sum::<i64>() == 100
    };
    stored.until("the lag is told", lags).await?;
    assert_eq!(stored.scene.rows().await, BACKLOG.cast_unsigned(), "it is paused");
    stored.set(State::Running).await?;
    stored.scene.until_committed(BACKLOG + 100).await?;
    stored.scene.expect_ids(0..BACKLOG + 100).await?;

    stored.edit(|stored| stored.deleting = true).await?;
    let name = &stored.scene.name;
    eventually("it is gone", PATIENCE, async || stored.instances(name).is_empty()).await?;
    // The same process all the time: another would have another port.
    assert!(sink.stop().await?.success());
    own.stop().await
}
