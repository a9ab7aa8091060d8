//! Promise: a replayed dead letter is read once more, under the document as it is by then: it lands,
//! or comes back and says how often it was tried.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Record, eventually};

use super::world::{Api, NAME, PATIENCE, World};

fn document(world: &World, null_value: &str) -> String {
    format!(
        "name: {NAME}\nsource: {{topics: [{}], null_value: {null_value}}}\n\
         target: {{database: {}, table: rows}}\n",
        world.topic, world.database
    )
}

/// How often each dead letter was tried, the newest first.
async fn attempts(api: &Api) -> anyhow::Result<Vec<Value>> {
    let path = format!("/v1/pipelines/{NAME}/dead-letters");
    let page = api.done(Method::GET, &path, None).await?;
    let letters = page["letters"].as_array().cloned().unwrap_or_default();
    Ok(letters.into_iter().map(|letter| letter["attempt"].clone()).collect())
}

async fn until_attempts(api: &Api, wanted: &[i32]) -> anyhow::Result<()> {
    eventually(&format!("letters were tried {wanted:?} times"), PATIENCE, async || {
        attempts(api).await.is_ok_and(|found| json!(found) == json!(wanted))
    })
    .await
}

async fn replay(api: &Api) -> anyhow::Result<Value> {
    let path = format!("/v1/pipelines/{NAME}/dead-letters/replay");
    api.done(Method::POST, &path, json!({"all": {}}).to_string()).await
}

#[tokio::test]
async fn a_replayed_dead_letter_lands_or_comes_back() -> anyhow::Result<()> {
    let world = World::new(2).await?;
    let (api, sink) = (world.api().await?, world.sink()?);
    world.produce(0..10, 2).await?;
    let tombstone = Record { key: Some(b"k".to_vec()), ..Record::default() };
    world.servers.kafka().produce(&world.topic, vec![tombstone.to_partition(0)]).await?;
    api.create(document(&world, "dead-letter")).await?;
    world.until_rows(10).await?;
    until_attempts(&api, &[1]).await?;

    assert_eq!(replay(&api).await?["replayed"], 1);
    until_attempts(&api, &[2, 1]).await?; // nothing has been mended
    let path = format!("/v1/pipelines/{NAME}");
    api.done(Method::PUT, &path, document(&world, "row")).await?;
    api.until_status("the change is running", |status| {
        status["instances"][0]["version"] == 2 && status["state"] == "running"
    })
    .await?;
    let answer = replay(&api).await?;
    assert_eq!(answer["replayed"], 1, "the second letter; the first one was: {answer}");
    world.until_rows(11).await?;
    let sql = "SELECT count() FROM {t} WHERE _topic LIKE '%.replay.rows'";
    assert_eq!(world.sql(sql).await?, "1");
    until_attempts(&api, &[2, 1]).await?;
    sink.stop().await?;
    api.stop().await
}
