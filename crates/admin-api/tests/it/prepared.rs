//! Promise: whoever asks for a pipeline is told at once what cannot be created for it, and then
//! nothing is stored.

use admin_api::auth::Role;
use reqwest::Method;

use crate::fixture::{Scene, refusal};

#[tokio::test]
async fn table_and_topics_are_there_before_a_sink_is() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let create = || api.request(Method::POST, "/v1/pipelines", operator);
    assert_eq!(create().body(scene.document("sales", "")).send().await?.status(), 201);
    let table = format!("EXISTS TABLE {}.rows", scene.database);
    assert_eq!(scene.servers.clickhouse().query(&table).await?, "1");
    let kafka = scene.servers.kafka();
    for topic in ["dead-letters.sales", "replay.sales"] {
        let ends = kafka.end_offsets(&format!("{}.{topic}", scene.namespace)).await?;
        assert_eq!(ends.len(), 1, "{topic}");
    }
    // Those that are there already are in nobody's way.
    let document = scene.document("more", "").replace("table: rows", "table: more");
    assert_eq!(create().body(document).send().await?.status(), 201);
    api.stop().await
}

#[tokio::test]
async fn what_cannot_be_created_leaves_no_pipeline_behind() -> anyhow::Result<()> {
    let mut scene = Scene::new().await?;
    // Kafka takes names of up to 249 letters: the store's topics have room in that, others not.
    scene.namespace = format!("{:x<200}", scene.namespace);
    scene.register().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let name = "s".repeat(60);
    let create = |query: &str| {
        let path = format!("/v1/pipelines{query}");
        api.request(Method::POST, &path, operator).body(scene.document(&name, ""))
    };
    let (status, problem) = refusal(create("")).await?;
    assert_eq!(status, 422, "{problem}");
    let detail = problem["detail"].to_string();
    let stays = format!("nothing was stored; table {}.rows was created and stays", scene.database);
    assert!(detail.contains(&stays), "{problem}");
    let message = problem["errors"][0]["message"].to_string();
    assert!(message.contains(".dead-letters."), "{problem}");
    assert_eq!(api.get("/v1/pipelines", operator).await?["total"], 0);
    let table = format!("EXISTS TABLE {}.rows", scene.database);
    assert_eq!(scene.servers.clickhouse().query(&table).await?, "1");
    let put = format!("/v1/pipelines/{name}");
    let put = api.request(Method::PUT, &put, operator).body(scene.document(&name, ""));
    assert_eq!(refusal(put).await?.0, 422);
    assert_eq!(create("?force=true").send().await?.status(), 201);
    // A change is prepared as well, and is not made where that fails.
    let put = format!("/v1/pipelines/{name}");
    let put = |query: &str| {
        let changed = scene.document(&name, "workers: 2\n");
        api.request(Method::PUT, &format!("{put}{query}"), operator).body(changed)
    };
    let (status, problem) = refusal(put("")).await?;
    assert!(status == 422 && problem.to_string().contains(".dead-letters."), "{problem}");
    let forced = put("?force=true").send().await?;
    assert_eq!(forced.headers()["etag"], "\"2\"", "the refused one was no version");
    api.stop().await
}
