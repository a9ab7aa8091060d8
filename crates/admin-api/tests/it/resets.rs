//! Offsets are set only while nothing moves, and by whoever owns the partitions.

use std::{sync::Arc, time::Duration};

use admin_api::auth::Role;
use pipeline_spec::{
    status::Mirror,
    store::{StatusWriter, Store},
};
use rdkafka::ClientConfig;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::eventually;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Api, PATIENCE, Scene, parts, refusal, row};

/// What a sink says and does about a pipeline, without moving a record: the sink's own tests show
/// that it really does.
pub(crate) struct Owner {
    writer: StatusWriter,
    stop: CancellationToken,
}

impl Owner {
    pub(crate) fn new(scene: &Scene) -> anyhow::Result<(Self, Store)> {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &scene.servers.kafka);
        let store = Store::new(client, &scene.namespace);
        Ok((Self { writer: store.status_writer()?, stop: CancellationToken::new() }, store))
    }

    fn report(&self, state: &str, version: u64, topic: &str) -> anyhow::Result<()> {
        let partition = |n: i32| json!({"topic": topic, "partition": n});
        let status = json!({
            "instance": "stand-in", "pipeline": "sales", "at_ms": 0, "version": version,
            "revision": "r", "state": state, "partitions": [partition(0), partition(1)],
        });
        self.writer.put_instance(&serde_json::from_value(status)?);
        Ok(())
    }

    /// Reports until it is told to stop.
    pub(crate) fn keep_reporting(
        &self,
        state: &'static str,
        version: u64,
        topic: &str,
    ) -> tokio::task::JoinHandle<anyhow::Result<()>> {
        let owner = Self { writer: self.writer.clone(), stop: self.stop.clone() };
        let topic = topic.to_owned();
        tokio::spawn(async move {
            let mut every = tokio::time::interval(Duration::from_secs(1));
            while !owner.stop.is_cancelled() {
                every.tick().await;
                owner.report(state, version, &topic)?;
            }
            Ok(())
        })
    }

    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Sets what it is told to, as owners do.
    pub(crate) fn obey(&self, store: &Store) {
        let mut specs = store.follow(self.stop.clone());
        let (writer, stop) = (self.writer.clone(), self.stop.clone());
        tokio::spawn(async move {
            while !stop.is_cancelled() && specs.changed().await.is_ok() {
                let specs = specs.borrow_and_update().clone();
                let stored = specs.and_then(|specs| specs.pipelines.get("sales").cloned());
                let reset = stored.as_ref().and_then(|stored| stored.reset.as_ref());
                for at in reset.iter().flat_map(|reset| &reset.offsets) {
                    let mirror = Mirror {
                        topic: at.topic.clone(),
                        partition: at.partition,
                        offset: at.offset,
                        metadata: String::new(),
                        at_ms: 0,
                        reset: reset.map(|reset| reset.id.clone()),
                    };
                    writer.put_mirror("sales", &mirror);
                }
            }
        });
    }
}

pub(crate) async fn created(scene: &Scene, api: &Api) -> anyhow::Result<()> {
    let create = api.request(Method::POST, "/v1/pipelines", scene.token(Role::Operator));
    let answer = create.body(scene.document("sales", "state: paused\n")).send().await?;
    anyhow::ensure!(answer.status() == 201, "{}", answer.text().await?);
    Ok(())
}

async fn until_state(scene: &Scene, api: &Api, state: &str) -> anyhow::Result<()> {
    eventually(state, PATIENCE, async || {
        let status = api.get("/v1/pipelines/sales/status", scene.token(Role::Viewer)).await;
        status.is_ok_and(|status| status["state"] == state)
    })
    .await
}

#[tokio::test]
async fn a_reset_is_planned_then_carried_out_by_the_owner() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let id = scene.register().await?;
    scene.servers.kafka().produce(&scene.topic, (0..5).map(|n| row(id, n))).await?;
    let api = scene.api().await?;
    created(&scene, &api).await?;
    let operator = scene.token(Role::Operator);
    let post = |query: &str, way: Value| {
        let path = format!("/v1/pipelines/sales/offsets{query}");
        api.request(Method::POST, &path, operator).json(&way)
    };
    let group = format!("{}.sales", scene.namespace);
    scene.servers.kafka().commit(&group, &scene.topic, &[(0, 2)]).await?;
    let latest = json!({"to": "latest"});
    let (status, problem) = refusal(post("", latest.clone())).await?;
    assert!(status == 409 && problem["detail"].to_string().contains("no sink"), "{problem}");

    let (owner, store) = Owner::new(&scene)?;
    owner.report("paused", 1, &scene.topic)?;
    until_state(&scene, &api, "paused").await?;
    let (status, plan) = parts(post("?dry_run=true", latest.clone()).send().await?).await?;
    assert_eq!((status.as_u16(), &plan["done"]), (200, &false.into()), "{plan}");
    let partition = &plan["plan"]["partitions"][0];
    assert_eq!((&partition["offset"], &partition["skipped"]), (&5.into(), &3.into()), "{plan}");
    assert!(api.get("/v1/pipelines/sales/status", operator).await?["reset"].is_null());
    let odd = json!({"to": "explicit", "offsets": {format!("{}/7", scene.topic): 1}});
    assert_eq!(refusal(post("?dry_run=true", odd)).await?.0, 422);

    owner.obey(&store);
    let reports = owner.keep_reporting("paused", 2, &scene.topic);
    let (status, done) = parts(post("", latest).send().await?).await?;
    assert_eq!((status.as_u16(), &done["done"]), (200, &true.into()), "{done}");
    eventually("the reset is crossed off", PATIENCE, async || {
        let status = api.get("/v1/pipelines/sales/status", operator).await;
        status.is_ok_and(|status| status["reset"].is_null() && status["version"] == 3)
    })
    .await?;
    let audit = api.get("/v1/audit?subject=sales", operator).await?;
    let whats: Vec<&Value> =
        audit["items"].as_array().into_iter().flatten().map(|i| &i["what"]).collect();
    assert_eq!(whats, ["pipeline.reset-done", "pipeline.reset", "pipeline.create"]);
    owner.stop();
    reports.await??;
    api.stop().await
}

#[tokio::test]
async fn nothing_is_set_while_records_move_and_nothing_moves_while_it_is_set() -> anyhow::Result<()>
{
    let scene = Scene::new().await?;
    let id = scene.register().await?;
    scene.servers.kafka().produce(&scene.topic, [row(id, 1)]).await?;
    let api = Arc::new(scene.api().await?);
    created(&scene, &api).await?;
    let operator = scene.token(Role::Operator);
    let act =
        |what: &str| api.request(Method::POST, &format!("/v1/pipelines/sales/{what}"), operator);
    assert_eq!(act("resume").send().await?.status(), 200);
    let (owner, _store) = Owner::new(&scene)?;
    owner.report("running", 2, &scene.topic)?;
    until_state(&scene, &api, "running").await?;
    let reset = || act("offsets").json(&json!({"to": "earliest"}));
    let (status, problem) = refusal(reset()).await?;
    assert!(status == 409 && problem["detail"].to_string().contains("pause it first"), "{problem}");

    assert_eq!(act("pause").send().await?.status(), 200);
    owner.report("paused", 3, &scene.topic)?;
    until_state(&scene, &api, "paused").await?;
    // Nobody carries it out: the request waits, and the pipeline stays where it is.
    let waiting = tokio::spawn(reset().send());
    eventually("the reset is asked for", PATIENCE, async || {
        let status = api.get("/v1/pipelines/sales/status", operator).await;
        status.is_ok_and(|status| status["reset"].is_string())
    })
    .await?;
    assert_eq!(refusal(act("resume")).await?.0, 409);
    waiting.abort();
    drop(waiting.await);
    let api = Arc::into_inner(api).ok_or_else(|| anyhow::anyhow!("somebody still asks"))?;
    api.stop().await
}
