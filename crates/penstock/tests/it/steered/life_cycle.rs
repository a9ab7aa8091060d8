//! Promise: pause holds, resume goes on, delete drains and keeps the rows; a topic that was created
//! anew under its name stops the pipeline with a reason.

use reqwest::Method;
use testkit::eventually;

use super::world::{NAME, PATIENCE, World};

#[tokio::test]
async fn pause_holds_and_resume_goes_on() -> anyhow::Result<()> {
    let world = World::new(2).await?;
    let (api, sink) = (world.api().await?, world.sink()?);
    world.produce(0..100, 2).await?;
    api.create(world.document("")).await?;
    world.until_committed(100).await?;

    api.post("pause").await?;
    api.until_state("paused").await?;
    world.produce(100..200, 2).await?;
    api.until_status("the paused pipeline lags", |status| status["lag"] == 100).await?;
    world.expect(100, 1).await?;
    sink.kill().await?;
    let sink = world.sink()?;
    api.until_status("it is paused in the new sink", |status| {
        status["state"] == "paused" && status["lag"] == 100
    })
    .await?;
    world.expect(100, 1).await?;

    api.post("resume").await?;
    world.until_committed(200).await?;
    world.expect(200, 1).await?;

    api.done(Method::DELETE, &format!("/v1/pipelines/{NAME}"), None).await?;
    eventually("it is gone", PATIENCE, async || {
        let found = api.ask(Method::GET, &format!("/v1/pipelines/{NAME}"), None).await;
        found.is_ok_and(|(status, _)| status == 404)
    })
    .await?;
    world.produce(200..300, 2).await?;
    world.expect(200, 1).await?;

    // Its group has offsets: whoever makes it anew must say what of them.
    let (status, answer) = api.ask(Method::POST, "/v1/pipelines", world.document("")).await?;
    assert_eq!(status, 409, "{answer}");
    assert!(answer["detail"].as_str().is_some_and(|text| text.contains("resume")), "{answer}");
    api.done(Method::POST, "/v1/pipelines?offsets=resume", world.document("")).await?;
    world.until_committed(300).await?;
    world.expect(300, 1).await?;
    sink.stop().await?;
    api.stop().await
}

#[tokio::test]
async fn a_name_can_begin_anew() -> anyhow::Result<()> {
    let world = World::new(2).await?;
    let (api, sink) = (world.api().await?, world.sink()?);
    world.produce(0..200, 2).await?;
    api.create(world.document("")).await?;
    world.until_committed(200).await?;
    let path = format!("/v1/pipelines/{NAME}");
    let delete = async |query: &str| -> anyhow::Result<()> {
        api.done(Method::DELETE, &format!("{path}{query}"), None).await?;
        eventually("it is gone", PATIENCE, async || {
            let found = api.ask(Method::GET, &path, None).await;
            found.is_ok_and(|(status, _)| status == 404)
        })
        .await
    };

    // With the offsets of its predecessor, the sink killed where it may be about to set them anew.
    delete("").await?;
    api.done(Method::POST, "/v1/pipelines?offsets=restart", world.document("")).await?;
    sink.kill().await?;
    let sink = world.sink()?;
    world.until_rows(400).await?;
    world.until_committed(200).await?;
    world.expect(200, 2).await?;
    api.until_status("the reset is crossed off", |status| status["reset"].is_null()).await?;

    // Without them, but with rows in the table, which would stop it otherwise.
    delete("?purge=offsets").await?;
    let (_, plan) = api.ask(Method::POST, "/v1/pipelines?dry_run=true", world.document("")).await?;
    assert!(plan["findings"].to_string().contains("offsets-lost"), "{plan}");
    api.done(Method::POST, "/v1/pipelines?offsets=restart", world.document("")).await?;
    world.until_rows(600).await?;
    world.until_committed(200).await?;
    world.expect(200, 3).await?;
    api.until_state("running").await?;
    sink.stop().await?;
    api.stop().await
}

#[tokio::test]
async fn a_topic_created_anew_stops_it_with_a_reason() -> anyhow::Result<()> {
    let world = World::new(1).await?;
    let (api, sink) = (world.api().await?, world.sink()?);
    world.produce(0..100, 1).await?;
    api.create(world.document("")).await?;
    world.until_committed(100).await?;
    sink.stop().await?;

    let kafka = world.servers.kafka();
    kafka.delete_topic(&world.topic).await?;
    eventually("the topic can be created", PATIENCE, async || {
        kafka.create_topic(&world.topic, 1, &[]).await.is_ok()
    })
    .await?;
    world.produce(1_000..1_200, 1).await?;
    let sink = world.sink()?;
    // Kafka has removed the group's offsets with the topic, and the table holds rows of it.
    api.until_status("it stops instead of reading anew", |status| {
        status["state"] == "failed" && status["instances"][0]["reason"] == "offsets-lost"
    })
    .await?;
    let advice = api.status().await?["advice"].to_string();
    assert!(advice.contains("`earliest` if the topic was deleted and created again"), "{advice}");
    world.expect(100, 1).await?;

    // What the table holds and what was copied says nothing about this topic's records.
    let offsets = format!("/v1/pipelines/{NAME}/offsets?dry_run=true");
    for way in ["table", "mirror"] {
        let wish = format!(r#"{{"to": "{way}"}}"#);
        let (status, answer) = api.ask(Method::POST, &offsets, wish).await?;
        assert_eq!(status, 422, "{answer}");
        assert!(answer["errors"][0]["message"].to_string().contains("created again"), "{answer}");
    }
    sink.stop().await?;
    api.stop().await
}
