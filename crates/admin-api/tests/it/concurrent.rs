//! Two processes that change pipelines at the same time lose nothing of each other's.

use std::collections::BTreeSet;

use admin_api::auth::Role;
use futures::future::try_join_all;
use reqwest::Method;

use crate::fixture::Scene;

#[tokio::test]
async fn twenty_changes_at_once_through_two_processes_all_happen() -> anyhow::Result<()> {
    const CHANGES: u64 = 20;
    let scene = Scene::new().await?;
    scene.register().await?;
    let apis = [scene.api().await?, scene.api().await?];
    let operator = scene.token(Role::Operator);
    let create = apis[0].request(Method::POST, "/v1/pipelines", operator);
    assert_eq!(create.body(scene.document("sales", "")).send().await?.status(), 201);

    // Each adds a label to what it read, and reads again when somebody else was faster.
    let change = async |number: usize| -> anyhow::Result<u64> {
        let api = &apis[number % 2];
        for _ in 0..500 {
            let read = api.request(Method::GET, "/v1/pipelines/sales", operator).send().await?;
            let tag = read.headers()["etag"].clone();
            let mut document: serde_json::Value = read.json().await?;
            document["labels"][format!("l{number}")] = "x".into();
            let write = api
                .request(Method::PUT, "/v1/pipelines/sales?force=true", operator)
                .header("if-match", &tag)
                .json(&document)
                .send()
                .await?;
            match write.status().as_u16() {
                200 => {
                    let tag = write.headers()["etag"].to_str()?.trim_matches('"').to_owned();
                    return Ok(tag.parse()?);
                }
                412 | 429 => tokio::task::yield_now().await,
                other => anyhow::bail!("{other}: {}", write.text().await?),
            }
        }
        anyhow::bail!("never had its turn")
    };
    let versions = try_join_all((0..20).map(change)).await?;
    let versions: BTreeSet<u64> = versions.into_iter().collect();
    assert_eq!(versions, (2..2 + CHANGES).collect(), "every change has a version of its own");
    let document = apis[1].get("/v1/pipelines/sales", operator).await?;
    assert_eq!(document["labels"].as_object().map(serde_json::Map::len), Some(20));
    let [one, other] = apis;
    one.stop().await?;
    other.stop().await
}
