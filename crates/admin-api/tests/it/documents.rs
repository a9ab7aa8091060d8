//! A pipeline is created by one request, comes back as it was sent, and changes only as it may.

use admin_api::auth::Role;
use reqwest::Method;
use testkit::eventually;

use crate::fixture::{PATIENCE, Scene, parts, refusal};

#[tokio::test]
async fn one_post_stores_a_pipeline() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let document = scene.document("sales", "labels: {team: retail}\n");
    let answer = api
        .request(Method::POST, "/v1/pipelines", operator)
        .header("content-type", "application/yaml")
        .body(document)
        .send()
        .await?;
    assert_eq!(answer.headers()["etag"], "\"1\"");
    assert_eq!(answer.headers()["location"], "/v1/pipelines/sales");
    let (status, body) = parts(answer).await?;
    assert_eq!(status, 201, "{body}");
    assert_eq!(body["labels"]["team"], "retail");

    // Another process reads the same.
    let other = scene.api().await?;
    assert_eq!(other.get("/v1/pipelines/sales", operator).await?, body);
    let list = other.get("/v1/pipelines?selector=team%3Dretail", operator).await?;
    assert_eq!(list["items"][0]["name"], "sales");
    assert_eq!(list["items"][0]["state"], "no-sink");
    assert_eq!(other.get("/v1/pipelines?selector=team%21%3Dretail", operator).await?["total"], 0);
    other.stop().await?;
    api.stop().await
}

#[tokio::test]
async fn a_put_is_an_idempotent_upsert() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let put =
        |document: String| api.request(Method::PUT, "/v1/pipelines/sales", operator).body(document);
    let create = put(scene.document("sales", "")).header("if-none-match", "*");
    assert_eq!(create.send().await?.status(), 201);
    let again = put(scene.document("sales", "# a comment is no change\n")).send().await?;
    assert_eq!((again.status().as_u16(), &again.headers()["etag"]), (200, &"\"1\"".parse()?));
    let changed = put(scene.document("sales", "workers: 2\n")).header("if-match", "\"1\"");
    let changed = changed.send().await?;
    assert_eq!((changed.status().as_u16(), &changed.headers()["etag"]), (200, &"\"2\"".parse()?));

    let stale = put(scene.document("sales", "workers: 3\n")).header("if-match", "\"1\"");
    let (status, problem) = refusal(stale).await?;
    assert_eq!(status, 412);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("version 2")));
    let new = put(scene.document("sales", "")).header("if-none-match", "*");
    assert_eq!(refusal(new).await?.0, 412);

    let audit = api.get("/v1/audit?subject=sales", operator).await?;
    assert_eq!(audit["items"].as_array().map(Vec::len), Some(2), "only changes are told");
    api.stop().await
}

#[tokio::test]
async fn yaml_comes_back_as_it_can_be_sent_again() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let path = "/v1/pipelines/sales";
    let put = api.request(Method::PUT, path, operator).body(scene.document("sales", ""));
    assert_eq!(put.send().await?.status(), 201);
    let get = api.request(Method::GET, path, operator).header("accept", "application/yaml");
    let answer = get.send().await?;
    assert_eq!(answer.headers()["content-type"], "application/yaml");
    let yaml = answer.text().await?;
    assert!(yaml.starts_with("name: sales\n"), "{yaml}");
    let again = api
        .request(Method::PUT, path, operator)
        .header("content-type", "application/yaml")
        .body(yaml)
        .send()
        .await?;
    assert_eq!((again.status().as_u16(), &again.headers()["etag"]), (200, &"\"1\"".parse()?));
    let known = api.request(Method::GET, path, operator).header("if-none-match", "\"1\"");
    assert_eq!(known.send().await?.status(), 304);
    api.stop().await
}

#[tokio::test]
async fn what_cannot_change_in_place_says_what_to_do() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let put =
        |document: String| api.request(Method::PUT, "/v1/pipelines/sales", operator).body(document);
    assert_eq!(put(scene.document("sales", "")).send().await?.status(), 201);
    let moved = scene.document("sales", "").replace("table: rows", "table: others");
    let (status, problem) = refusal(put(moved)).await?;
    assert_eq!(status, 409);
    assert_eq!(problem["errors"][0]["pointer"], "/target/table");
    let (status, problem) = refusal(put(scene.document("other", ""))).await?;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &"/name".into()));
    let twin = api.request(Method::POST, "/v1/pipelines", operator);
    let (status, problem) = refusal(twin.body(scene.document("twin", ""))).await?;
    assert_eq!(status, 409, "two pipelines from one topic into one table: {problem}");
    api.stop().await
}

#[tokio::test]
async fn pause_resume_restart_and_delete_are_changes_of_their_own() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let create = api.request(Method::POST, "/v1/pipelines", operator);
    assert_eq!(create.body(scene.document("sales", "")).send().await?.status(), 201);
    let act = async |what: &str| -> anyhow::Result<(u16, serde_json::Value)> {
        let path = format!("/v1/pipelines/sales/{what}");
        let (status, body) =
            parts(api.request(Method::POST, &path, operator).send().await?).await?;
        Ok((status.as_u16(), body))
    };
    let (status, body) = act("pause").await?;
    assert_eq!((status, &body["wanted"], &body["version"]), (200, &"paused".into(), &2.into()));
    let (_, body) = act("pause").await?;
    assert_eq!(body["version"], 2, "paused already");
    let (_, body) = act("resume").await?;
    assert_eq!((&body["wanted"], &body["version"]), (&"running".into(), &3.into()));
    let (_, body) = act("restart").await?;
    assert_eq!((&body["restarts"], &body["version"]), (&1.into(), &4.into()));

    let stale = api.request(Method::DELETE, "/v1/pipelines/sales", operator);
    assert_eq!(refusal(stale.header("if-match", "\"3\"")).await?.0, 412);
    let delete = api.request(Method::DELETE, "/v1/pipelines/sales", operator).send().await?;
    assert_eq!(delete.status(), 202);
    let (status, problem) =
        refusal(api.request(Method::POST, "/v1/pipelines/sales/resume", operator)).await?;
    assert_eq!(status, 409, "{problem}");
    eventually("it is gone, since no sink has it", PATIENCE, async || {
        let get = api.request(Method::GET, "/v1/pipelines/sales", operator).send().await;
        get.is_ok_and(|answer| answer.status() == 404)
    })
    .await?;
    let audit = api.get("/v1/audit?subject=sales", operator).await?;
    assert_eq!(audit["items"][0]["what"], "pipeline.removed");
    assert_eq!(audit["items"][0]["who"], "penstock");
    api.stop().await
}
