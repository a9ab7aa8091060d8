//! Topics, schemas and the generator are shown as they are.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use admin_api::auth::Role;
use axum::{
    Json, Router,
    routing::{get, post},
};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::Record;

use crate::fixture::{Api, SCHEMA, Scene, parts, refusal, row};

#[tokio::test]
async fn a_topic_shows_its_records_to_those_who_may_see_them() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let id = scene.register().await?;
    let records = [
        row(id, 41).with_key("k").with_header("h", "v"),
        Record::of("plain text").to_partition(1),
        Record::of([0xff, 0xfe]).to_partition(1),
    ];
    scene.servers.kafka().produce(&scene.topic, records).await?;
    // Named as Kafka's own.
    scene.servers.kafka().create_topic(&format!("__{}", scene.topic), 1, &[]).await?;
    let api = scene.api().await?;
    let (viewer, operator) = (scene.token(Role::Viewer), scene.token(Role::Operator));

    let list = api.get(&format!("/v1/topics?q={}", scene.topic), viewer).await?;
    assert_eq!(list["total"], 1, "{list}");
    assert_eq!(
        (&list["items"][0]["partitions"], &list["items"][0]["records"]),
        (&2.into(), &3.into())
    );
    let detail = api.get(&format!("/v1/topics/{}", scene.topic), viewer).await?;
    assert_eq!(detail["spans"][0], json!({"partition": 0, "low": 0, "high": 1}));
    let own = api.get(&format!("/v1/topics?q={}", scene.namespace), viewer).await?;
    assert_eq!(own["total"], 0, "our own topics are left out unless asked for: {own}");
    let path = format!("/v1/topics?internal=true&q={}", scene.namespace);
    assert_eq!(api.get(&path, viewer).await?["total"], 3);

    let path = format!("/v1/topics/{}/sample?from=earliest", scene.topic);
    assert_eq!(refusal(api.request(Method::GET, &path, viewer)).await?.0, 403);
    let sample = api.get(&path, operator).await?;
    let records = sample["records"].as_array().cloned().unwrap_or_default();
    assert_eq!(records.len(), 3, "{sample}");
    let find = |text: &str| records.iter().find(|record| record.to_string().contains(text));
    let avro = find("\"id\":41").cloned().unwrap_or_default();
    assert_eq!(avro["value"]["decoded"]["note"], "hi");
    assert_eq!((&avro["key"]["text"], &avro["headers"][0]["value"]), (&"k".into(), &"v".into()));
    assert!(find("\"text\":\"plain text\"").is_some(), "{sample}");
    let bytes = find("\"hex\":\"fffe\"").cloned().unwrap_or_default();
    assert!(bytes["value"]["text"].is_null(), "{bytes}");
    let path = format!("/v1/topics/{}/sample?limit=1&partition=1", scene.topic);
    let newest = api.get(&path, operator).await?;
    assert_eq!(newest["records"].as_array().map(Vec::len), Some(1));
    assert_eq!(newest["records"][0]["offset"], 1);
    let path = format!("/v1/topics/{}/sample?limit=1&partition=0", scene.topic);
    let other = api.get(&path, operator).await?;
    assert_eq!(other["records"][0]["partition"], 0, "older, but of the partition asked for");
    let path = format!("/v1/topics/{}/sample", scene.topic);
    let places = |sample: &Value| -> Vec<(Value, Value)> {
        let records = sample["records"].as_array().into_iter().flatten();
        records.map(|one| (one["partition"].clone(), one["offset"].clone())).collect()
    };
    let all = places(&api.get(&path, operator).await?);
    assert_eq!(all, [(1, 1), (1, 0), (0, 0)].map(|(p, o)| (p.into(), o.into())), "newest first");
    let one = places(&api.get(&format!("{path}?limit=1"), operator).await?);
    assert_eq!(one.len(), 1, "of all partitions together");
    let create = api.request(Method::POST, "/v1/pipelines", operator);
    let created = create.body(scene.document("reads", "")).send().await?.status();
    assert_eq!(created, 201);
    let detail = api.get(&format!("/v1/topics/{}", scene.topic), viewer).await?;
    assert_eq!(detail["pipelines"], json!(["reads"]));
    let detail = api.get(&format!("/v1/topics/__{}", scene.topic), viewer).await?;
    assert_eq!(detail["pipelines"], json!([]), "nobody reads it");
    let none = api.request(Method::GET, "/v1/topics/no-such-topic/sample", operator);
    assert_eq!(refusal(none).await?.0, 404);
    assert!(scene.servers.kafka().end_offsets("no-such-topic").await.is_err(), "nor is it created");
    api.stop().await
}

#[tokio::test]
async fn subjects_show_versions_and_what_differs() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let subject = format!("{}-value", scene.topic);
    let wider = SCHEMA.replace(
        r#"{"name":"id","type":"long"},"#,
        r#"{"name":"id","type":"long"},{"name":"new","type":"long","default":0},"#,
    );
    scene.servers.registry().register(&subject, &wider).await?;
    let api = scene.api().await?;
    let (viewer, operator) = (scene.token(Role::Viewer), scene.token(Role::Operator));
    let list = api.get(&format!("/v1/subjects?q={subject}"), viewer).await?;
    assert_eq!(list["items"], json!([subject]));
    let path = format!("/v1/subjects/{subject}");
    assert_eq!(api.get(&format!("{path}/versions"), viewer).await?["versions"], json!([1, 2]));
    let latest = api.get(&format!("{path}/versions/latest"), viewer).await?;
    assert_eq!((&latest["version"], &latest["kind"]), (&2.into(), &"AVRO".into()));
    let diff = api.get(&format!("{path}/diff?from=1&to=2"), viewer).await?;
    let changed: Vec<&Value> =
        diff["lines"].as_array().into_iter().flatten().filter(|l| l["change"] != "same").collect();
    assert!(!changed.is_empty() && changed.iter().all(|line| line["change"] == "added"), "{diff}");

    let check = async |schema: String| -> anyhow::Result<Value> {
        let request = api.request(Method::POST, &format!("{path}/compatibility"), operator);
        let (status, body) = parts(request.json(&json!({"schema": schema})).send().await?).await?;
        anyhow::ensure!(status == 200, "{status}: {body}");
        Ok(body)
    };
    assert_eq!(check(wider.clone()).await?["compatible"], true);
    let narrower = wider.replace(r#","default":0"#, "").replace("\"new\"", "\"other\"");
    let answer = check(narrower).await?;
    assert_eq!(answer["compatible"], false, "{answer}");
    for (path, wanted) in [
        ("/v1/subjects/no-such-subject/versions".to_owned(), 404),
        ("/v1/subjects/no%10such%C2%81subject/versions".to_owned(), 404),
        ("/v1/subjects/%10/versions/latest".to_owned(), 404),
        (format!("{path}/versions/99"), 404),
        (format!("{path}/versions/x"), 400),
        (format!("{path}/diff?from=1&to=99"), 404),
    ] {
        assert_eq!(refusal(api.request(Method::GET, &path, viewer)).await?.0, wanted, "{path}");
    }
    api.stop().await
}

/// A server with the generator's three paths.
async fn generator() -> anyhow::Result<(String, Arc<AtomicU32>)> {
    let rate = Arc::new(AtomicU32::new(15));
    let setting = |rate: &AtomicU32, paused: bool| {
        Json(json!({"rate_per_sec": rate.load(Ordering::SeqCst), "paused": paused}))
    };
    let (read, written, paused) = (rate.clone(), rate.clone(), rate.clone());
    let router = Router::new()
        .route(
            "/rate",
            get(async move || setting(&read, false)).put(async move |Json(wish): Json<Value>| {
                let wish = wish["rate_per_sec"].as_u64().unwrap_or_default();
                written.store(u32::try_from(wish).unwrap_or_default(), Ordering::SeqCst);
                setting(&written, false)
            }),
        )
        .route("/pause", post(async move || setting(&paused, true)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, rate))
}

#[tokio::test]
async fn the_generator_is_steered_and_that_is_told() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let (url, rate) = generator().await?;
    let mut config = scene.config()?;
    config.producer_url = url;
    let api = Api::start(config).await?;
    let (viewer, operator) = (scene.token(Role::Viewer), scene.token(Role::Operator));
    assert_eq!(api.get("/v1/producer", viewer).await?["rate_per_sec"], 15);
    let put = |role| {
        let request = api.request(Method::PUT, "/v1/producer/rate", role);
        request.json(&json!({"rate_per_sec": 500}))
    };
    assert_eq!(refusal(put(viewer)).await?.0, 403);
    let (status, body) = parts(put(operator).send().await?).await?;
    assert_eq!((status.as_u16(), &body["rate_per_sec"]), (200, &500.into()));
    assert_eq!(rate.load(Ordering::SeqCst), 500);
    let pause = api.request(Method::POST, "/v1/producer/pause", operator).send().await?;
    assert_eq!(parts(pause).await?.1["paused"], true);
    let audit = api.get("/v1/audit?subject=producer", viewer).await?;
    assert_eq!(audit["items"][1]["before"]["rate_per_sec"], 15, "{audit}");
    assert_eq!(audit["items"][1]["after"]["rate_per_sec"], 500);
    api.stop().await?;

    let without = scene.api().await?;
    assert_eq!(refusal(without.request(Method::GET, "/v1/producer", viewer)).await?.0, 404);
    without.stop().await
}
