//! Dead letters are shown to those who may see records, and replayed where nobody else reads.

use admin_api::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::Record;

use crate::fixture::{Scene, parts, refusal};

fn letter(offset: i64, reason: &str) -> Record {
    let value = format!("bad {offset}");
    [
        ("own", "header"),
        ("penstock.reason", reason),
        ("penstock.detail", "why"),
        ("penstock.topic", "source"),
        ("penstock.partition", "0"),
        ("penstock.offset", &offset.to_string()),
        ("penstock.timestamp", "1"),
        ("penstock.pipeline", "sales"),
        ("penstock.attempt", "1"),
    ]
    .into_iter()
    .fold(Record::of(value).with_key("key"), |record, (name, value)| {
        record.with_header(name, value)
    })
}

#[tokio::test]
async fn letters_are_paged_shown_exported_and_replayed() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let (viewer, operator) = (scene.token(Role::Viewer), scene.token(Role::Operator));
    let path = "/v1/pipelines/sales/dead-letters";
    assert_eq!(refusal(api.request(Method::GET, path, operator)).await?.0, 404);
    let create = api.request(Method::POST, "/v1/pipelines", operator);
    assert_eq!(create.body(scene.document("sales", "")).send().await?.status(), 201);
    let none = api.get(path, operator).await?;
    assert_eq!((&none["exists"], &none["total"]), (&true.into(), &0.into()), "{none}");

    let topic = format!("{}.dead-letters.sales", scene.namespace);
    let kafka = scene.servers.kafka();
    kafka.produce(&topic, [letter(5, "bad-magic"), letter(6, "truncated")]).await?;
    assert_eq!(refusal(api.request(Method::GET, path, viewer)).await?.0, 403);
    let page = api.get(path, operator).await?;
    assert_eq!((&page["total"], &page["letters"][0]["reason"]), (&2.into(), &"truncated".into()));
    let filtered = api.get(&format!("{path}?reason=bad-magic&limit=1"), operator).await?;
    assert_eq!(filtered["letters"][0]["value"]["text"], "bad 5", "{filtered}");
    let one = api.get(&format!("{path}/0/1"), operator).await?;
    assert_eq!(one["source"], json!({"topic": "source", "partition": 0, "offset": 6}));
    assert_eq!(refusal(api.request(Method::GET, &format!("{path}/0/9"), operator)).await?.0, 404);
    let export = api.request(Method::GET, &format!("{path}/export"), operator).send().await?;
    assert_eq!(export.headers()["content-type"], "application/x-ndjson");
    assert_eq!(export.text().await?.lines().count(), 2);

    let replay = |query: &str, selection: Value| {
        let request = api.request(Method::POST, &format!("{path}/replay{query}"), operator);
        request.json(&selection)
    };
    let first = json!({"letters": [{"partition": 0, "offset": 0}]});
    let (status, done) = parts(replay("", first.clone()).send().await?).await?;
    assert_eq!((status.as_u16(), &done["replayed"]), (200, &1.into()), "{done}");
    let (_, again) = parts(replay("", first.clone()).send().await?).await?;
    assert_eq!(again["refusals"][0]["why"], "replayed-before", "{again}");
    let (_, forced) = parts(replay("?force=true", first).send().await?).await?;
    assert_eq!(forced["replayed"], 1);
    let (_, rest) = parts(replay("", json!({"all": {}})).send().await?).await?;
    assert_eq!((&rest["replayed"], &rest["refused"]), (&1.into(), &1.into()), "{rest}");
    let copies = kafka.read_all(&format!("{}.replay.sales", scene.namespace)).await?;
    assert_eq!(copies.len(), 3);
    assert_eq!(kafka.read_all(&topic).await?.len(), 2, "the letters stay as they are");
    let audit = api.get("/v1/audit?subject=sales", viewer).await?;
    assert_eq!(audit["items"][0]["what"], "pipeline.replay");
    assert!(!audit.to_string().contains("bad 5"), "no contents in the audit");
    api.stop().await
}
