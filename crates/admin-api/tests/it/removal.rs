//! Promise: what shall go with a pipeline goes with it, also if the admin API is restarted on the
//! way, and nothing else does.

use admin_api::auth::Role;
use pipeline_spec::{status::Mirror, store::Store};
use rdkafka::ClientConfig;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::eventually;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Api, PATIENCE, Scene, parts, refusal, row};

const ONE: &str = "/v1/pipelines/sales";

/// A pipeline with offsets, a copy of them, and a dead letter.
async fn begun(scene: &Scene, api: &Api) -> anyhow::Result<Store> {
    let id = scene.register().await?;
    let kafka = scene.servers.kafka();
    kafka.produce(&scene.topic, [row(id, 1), row(id, 2)]).await?;
    let create = api.request(Method::POST, "/v1/pipelines", scene.token(Role::Operator));
    let answer = create.body(scene.document("sales", "")).send().await?;
    anyhow::ensure!(answer.status() == 201, "{}", answer.text().await?);
    kafka.commit(&group(scene), &scene.topic, &[(0, 2)]).await?;
    kafka.produce(&letters(scene), [testkit::Record::of("bad")]).await?;
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", &scene.servers.kafka);
    let store = Store::new(client, &scene.namespace);
    let writer = store.status_writer()?;
    let mirror = Mirror {
        topic: scene.topic.clone(),
        partition: 0,
        offset: 2,
        metadata: String::new(),
        at_ms: 0,
        reset: None,
    };
    writer.put_mirror("sales", &mirror);
    anyhow::ensure!(writer.flush(PATIENCE).await, "the copy is not written");
    Ok(store)
}

fn group(scene: &Scene) -> String {
    format!("{}.sales", scene.namespace)
}

fn letters(scene: &Scene) -> String {
    format!("{}.dead-letters.sales", scene.namespace)
}

async fn until_gone(scene: &Scene, api: &Api) -> anyhow::Result<()> {
    eventually("it is removed", PATIENCE, async || {
        let found = api.request(Method::GET, ONE, scene.token(Role::Viewer)).send().await;
        found.is_ok_and(|answer| answer.status() == StatusCode::NOT_FOUND)
    })
    .await
}

async fn topics(scene: &Scene, api: &Api) -> anyhow::Result<Vec<String>> {
    let path = format!("/v1/topics?internal=true&q={}", scene.namespace);
    let found = api.get(&path, scene.token(Role::Viewer)).await?;
    let items = found["items"].as_array().into_iter().flatten();
    Ok(items.filter_map(|item| item["topic"].as_str().map(str::to_owned)).collect())
}

async fn offsets(scene: &Scene) -> anyhow::Result<i64> {
    scene.servers.kafka().committed_sum(&group(scene), &scene.topic).await
}

#[tokio::test]
async fn offsets_and_dead_letters_go_also_if_the_api_is_restarted() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    let store = begun(&scene, &api).await?;
    let (viewer, operator) = (scene.token(Role::Viewer), scene.token(Role::Operator));
    let delete =
        |query: &str, token: &str| api.request(Method::DELETE, &format!("{ONE}?{query}"), token);
    assert_eq!(refusal(delete("purge=offsets", viewer)).await?.0, 403);
    assert_eq!(refusal(delete("purge=table", operator)).await?.0, 400);

    let all = "purge=offsets,dead-letters";
    let (status, plan) =
        parts(delete(&format!("{all}&dry_run=true"), operator).send().await?).await?;
    assert_eq!(status, 200, "{plan}");
    let names = |list: &Value| {
        let names = list.as_array().into_iter().flatten().map(|one| one["name"].clone());
        names.collect::<Vec<_>>()
    };
    let replays = format!("{}.replay.sales", scene.namespace);
    assert_eq!(
        names(&plan["goes"]),
        [json!(group(&scene)), json!(letters(&scene)), json!(replays)]
    );
    assert_eq!(plan["goes"][1]["detail"], "1 records");
    assert_eq!(names(&plan["stays"]), [json!(format!("{}.rows", scene.database))]);
    assert_eq!(api.get(&format!("{ONE}/status"), viewer).await?["deleting"], false);

    assert_eq!(delete(all, operator).send().await?.status(), 202);
    // Before it has drained nothing goes, and this process does no more.
    api.stop().await?;
    assert_eq!(offsets(&scene).await?, 2);
    let api = scene.api().await?;
    until_gone(&scene, &api).await?;
    assert_eq!(offsets(&scene).await?, 0);
    let left = topics(&scene, &api).await?;
    let audit = format!("{}.audit", scene.namespace);
    assert!(left.contains(&audit) && !left.iter().any(|name| name.ends_with(".sales")), "{left:?}");
    let stop = CancellationToken::new();
    let mut statuses = store.follow_status(stop.clone());
    let statuses = statuses.wait_for(Option::is_some).await?.clone();
    assert!(statuses.is_some_and(|statuses| statuses.mirrors.is_empty()));
    stop.cancel();
    let table = format!("EXISTS TABLE {}.rows", scene.database);
    assert_eq!(scene.servers.clickhouse().query(&table).await?, "1");
    let audit = api.get("/v1/audit?subject=sales", viewer).await?;
    let whats: Vec<&Value> =
        audit["items"].as_array().into_iter().flatten().map(|item| &item["what"]).collect();
    let order = ["pipeline.removed", "pipeline.purge", "pipeline.delete", "pipeline.create"];
    assert_eq!(whats, order);
    assert_eq!(audit["items"][2]["after"]["purge"]["offsets"], true, "{audit}");
    api.stop().await
}

#[tokio::test]
async fn nothing_goes_that_was_not_asked_for() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    begun(&scene, &api).await?;
    let operator = scene.token(Role::Operator);
    let delete =
        |query: &str| api.request(Method::DELETE, &format!("{ONE}{query}"), operator).send();
    assert_eq!(delete("?purge=offsets").await?.status(), 202);
    // The same again changes nothing, and an empty wish takes it back.
    assert_eq!(delete("").await?.status(), 202);
    let status = api.get(&format!("{ONE}/status"), operator).await?;
    assert_eq!(status["version"], 2, "{status}");
    assert_eq!(delete("?purge=").await?.status(), 202);
    until_gone(&scene, &api).await?;
    assert_eq!(offsets(&scene).await?, 2);
    assert!(topics(&scene, &api).await?.contains(&letters(&scene)));
    api.stop().await
}
