//! Promise: rows of a reset are deleted before the pipeline goes on, also if the admin API is
//! killed after the wish was stored.

use std::process::Stdio;

use admin_api::auth::Role;
use anyhow::Context as _;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use testkit::eventually;
use tokio::process::{Child, Command};

use crate::{
    fixture::{PATIENCE, Scene, refusal, row},
    resets::{Owner, created},
};

/// An admin API in a process of its own.
fn process(scene: &Scene, port: u16) -> anyhow::Result<Child> {
    let servers = scene.servers;
    let password = |user: &testkit::User| user.password.expose_secret().to_owned();
    Command::new(env!("CARGO_BIN_EXE_admin-api"))
        .env("ADMIN_API__NAMESPACE", &scene.namespace)
        .env("ADMIN_API__LISTEN", format!("127.0.0.1:{port}"))
        .env("ADMIN_API__SERVICE__HTTP", "127.0.0.1:0")
        .env("ADMIN_API__KAFKA__BROKERS", &servers.kafka)
        .env("ADMIN_API__REGISTRY__URL", &servers.registry)
        .env("ADMIN_API__CLICKHOUSE__URL", &servers.clickhouse_http)
        .env("ADMIN_API__CLICKHOUSE__USER", &servers.reader.name)
        .env("ADMIN_API__CLICKHOUSE__SCHEMA_USER", &servers.schema.name)
        .env("ADMIN_API_CLICKHOUSE_PASSWORD", password(&servers.reader))
        .env("ADMIN_API_CLICKHOUSE_SCHEMA_PASSWORD", password(&servers.schema))
        .env("ADMIN_API__AUTH__TOKENS_FILE", scene.tokens_file())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("start an admin api")
}

/// A port that was free a moment ago.
async fn free_port() -> anyhow::Result<u16> {
    Ok(tokio::net::TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port())
}

#[tokio::test]
async fn rows_are_deleted_by_whoever_comes_after() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let id = scene.register().await?;
    scene.servers.kafka().produce(&scene.topic, (0..5).map(|n| row(id, n))).await?;
    let api = scene.api().await?;
    created(&scene, &api).await?;
    let insert = format!(
        "INSERT INTO {}.rows (id, _topic, _partition, _offset) \
         SELECT number, '{}', 0, number FROM numbers(5)",
        scene.database, scene.topic
    );
    scene.servers.clickhouse().query(&insert).await?;
    let rows = format!("SELECT count() FROM {}.rows", scene.database);
    let (owner, store) = Owner::new(&scene)?;
    let reports = owner.keep_reporting("paused", 2, &scene.topic);

    let port = free_port().await?;
    let mut child = process(&scene, port)?;
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let operator = scene.token(Role::Operator);
    let of_child = format!("http://127.0.0.1:{port}/v1/pipelines/sales");
    eventually("the other admin api sees the sink", PATIENCE, async || {
        let asked = client.get(format!("{of_child}/status")).bearer_auth(operator).send().await;
        let Ok(answer) = asked else { return false };
        answer.json::<Value>().await.is_ok_and(|status| status["state"] == "paused")
    })
    .await?;
    // Only this process may do the rest: the other one is gone by then.
    api.stop().await?;
    let wish = client.post(format!("{of_child}/offsets?delete_rows=true")).bearer_auth(operator);
    let waiting = tokio::spawn(
        wish.json(&json!({"to": "explicit", "offsets": {
            format!("{}/0", scene.topic): 2,
        }}))
        .send(),
    );
    eventually("the wish is stored", PATIENCE, async || {
        let asked = client.get(format!("{of_child}/status")).bearer_auth(operator).send().await;
        let Ok(answer) = asked else { return false };
        answer.json::<Value>().await.is_ok_and(|status| status["reset"].is_string())
    })
    .await?;
    child.kill().await?;
    assert!(waiting.await?.is_err(), "nobody was told that it is done");

    owner.obey(&store);
    let api = scene.api().await?;
    let resume = || api.request(Method::POST, "/v1/pipelines/sales/resume", operator);
    assert_eq!(scene.servers.clickhouse().query(&rows).await?, "5");
    assert_eq!(refusal(resume()).await?.0, 409);
    eventually("the reset is crossed off", PATIENCE, async || {
        let status = api.get("/v1/pipelines/sales/status", operator).await;
        status.is_ok_and(|status| status["reset"].is_null())
    })
    .await?;
    assert_eq!(scene.servers.clickhouse().query(&rows).await?, "2");
    assert_eq!(resume().send().await?.status(), 200);
    owner.stop();
    reports.await??;
    api.stop().await
}
