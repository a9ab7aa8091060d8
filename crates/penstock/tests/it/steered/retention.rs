//! Promise: a pause may last longer than Kafka keeps the offsets of a group without members; and where
//! no sink was there for so long, the pipeline stops until somebody says where to go on.

use serde_json::json;
use testkit::{Servers, eventually};

use super::world::{NAME, PATIENCE, World};

/// The sink runs all the time, and nothing else holds the offsets.
pub(crate) async fn a_pause_that_outlasts_them(servers: &'static Servers) -> anyhow::Result<()> {
    let world = World::on(servers, 2).await?;
    let (api, sink) = (world.api().await?, world.sink()?);
    world.produce(0..100, 2).await?;
    api.create(world.document("")).await?;
    world.until_committed(100).await?;
    api.post("pause").await?;
    api.until_state("paused").await?;
    world.produce(100..150, 2).await?;

    // A group whose member has gone since loses its offsets: so long the pause has been by then.
    let (kafka, gone) = (servers.kafka(), format!("{}.gone", world.namespace));
    kafka.commit(&gone, &world.topic, &[(0, 50), (1, 50)]).await?;
    eventually("offsets without a member expire", PATIENCE, async || {
        kafka.committed_sum(&gone, &world.topic).await.is_ok_and(|sum| sum == 0)
    })
    .await?;
    assert_eq!(world.committed().await?, 100);
    api.until_state("paused").await?;
    world.expect(100, 1).await?;

    api.post("resume").await?;
    world.until_committed(150).await?;
    world.expect(150, 1).await?;
    sink.stop().await?;
    api.stop().await
}

/// No sink was there until the offsets were gone. `to` is a way out that the reason's advice names.
pub(crate) async fn lost_and_found(
    servers: &'static Servers,
    to: &str,
    query: &str,
) -> anyhow::Result<()> {
    let world = World::on(servers, 2).await?;
    let (api, sink) = (world.api().await?, world.sink()?);
    world.produce(0..99, 2).await?;
    api.create(world.document("")).await?;
    world.until_committed(99).await?;
    // A replayed dead letter is a record like any other, and its offset is lost as well.
    let replays = format!("{}.replay.{NAME}", world.namespace);
    servers.kafka().produce(&replays, vec![world.record(99)]).await?;
    world.until_rows(100).await?;
    sink.stop().await?;
    eventually("the offsets expire", PATIENCE, async || {
        world.committed().await.is_ok_and(|sum| sum == 0)
    })
    .await?;
    world.produce(100..150, 2).await?;

    let sink = world.sink()?;
    api.until_status("its partitions stop instead of guessing", |status| {
        let partitions = status["partitions"].as_array();
        status["state"] == "failed"
            && status["reason"] == "offsets-lost"
            && partitions.is_some_and(|found| {
                found.len() == 3 && found.iter().all(|one| one["stopped"] == "offsets-lost")
            })
    })
    .await?;
    let advice = api.status().await?["advice"].clone();
    let advice = advice.as_str().unwrap_or_default();
    let names_both = advice.contains("`table`") && advice.contains("`mirror`");
    assert!(names_both, "it names no way out: {advice}");
    world.expect(100, 1).await?;
    assert_eq!(world.committed().await?, 0, "an offset that nobody knows");

    let answer = api.reset(json!({ "to": to }), query).await?;
    let left_alone = &answer["plan"]["left_alone"];
    assert_eq!(left_alone.as_array().map(Vec::len), Some(0), "{answer}");
    world.until_committed(149).await?;
    world.expect(150, 1).await?;
    api.until_state("running").await?;
    sink.stop().await?;
    api.stop().await
}
