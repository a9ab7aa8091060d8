//! Promise: after a reset to an offset every record from there on is in the table once more, or
//! exactly once when its rows are deleted first; a sink killed while it reads again loses nothing.

use serde_json::json;

use super::world::{NAME, World};

#[tokio::test]
async fn a_reset_reads_again() -> anyhow::Result<()> {
    let world = World::new(2).await?;
    let (api, sink) = (world.api().await?, world.sink()?);
    world.produce(0..2_000, 2).await?;
    api.create(world.document("")).await?;
    world.until_committed(2_000).await?;

    // While it runs it cannot be reset.
    let path = format!("/v1/pipelines/{NAME}/offsets");
    let way = json!({"to": "earliest"});
    let (status, answer) = api.ask(reqwest::Method::POST, &path, way.to_string()).await?;
    assert_eq!(status, 409, "{answer}");
    assert!(answer["detail"].as_str().is_some_and(|text| text.contains("pause")), "{answer}");

    api.post("pause").await?;
    api.until_state("paused").await?;
    let answer = api.reset(way.clone(), "").await?;
    assert_eq!(answer["plan"]["come_again"], 2_000, "{answer}");
    world.expect(2_000, 1).await?;
    api.post("resume").await?;
    world.until_rows(4_000).await?;
    world.until_committed(2_000).await?;
    world.expect(2_000, 2).await?;

    // From the middle of each partition, the rows deleted first, the sink killed on its way.
    api.post("pause").await?;
    api.until_state("paused").await?;
    let topic = &world.topic;
    let offsets = json!({format!("{topic}/0"): 500, format!("{topic}/1"): 500});
    let answer =
        api.reset(json!({"to": "explicit", "offsets": offsets}), "delete_rows=true").await?;
    assert_eq!(answer["rows_deleted"], 2_000, "{answer}");
    assert_eq!(world.rows().await, 2_000);
    api.post("resume").await?;
    sink.kill().await?;
    let sink = world.sink()?;
    world.until_rows(3_000).await?;
    world.until_committed(2_000).await?;
    let sql = "SELECT countIf(n = 2 AND id < 1000), countIf(n = 1 AND id >= 1000), count() \
               FROM (SELECT id, count() AS n FROM {t} GROUP BY id) FORMAT CSV";
    assert_eq!(world.sql(sql).await?, "1000,1000,2000");
    sink.stop().await?;
    api.stop().await
}
