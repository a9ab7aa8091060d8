//! A page that is looked at is told what changes, and when to load itself again.

use admin_api::auth::Role;
use anyhow::{Context as _, ensure};
use pipeline_spec::{
    status::{InstanceStatus, PartitionStatus, RunState},
    store::Change,
};
use reqwest::Method;

use crate::{
    browser::{Browser, between},
    fixture::{PATIENCE, Scene},
    page::{audit, store},
};

#[tokio::test]
async fn numbers_come_as_sinks_report_them_and_streams_end_with_the_service() -> anyhow::Result<()>
{
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let create = api.request(Method::POST, "/v1/pipelines", operator);
    assert_eq!(create.body(scene.document("sales", "")).send().await?.status(), 201);
    let browser = Browser::log_in(&api, "token", operator).await?;
    let page = browser.get("/pipelines/sales").await?.html;
    let address = between(&page, "data-events=\"", "\"")?;
    let mut one = browser.request(Method::GET, address).send().await?;
    assert_eq!(one.headers()["content-type"], "text/event-stream");
    let mut list = browser.request(Method::GET, "/events?name=sales&name=none").send().await?;
    let first = until(&mut list, "no-sink").await?;
    assert!(!first.contains("none"), "{first}");
    assert_eq!(shape(&first)?, "no-sink:1");
    let shown = between(&page, "data-shape=\"", "\"")?;
    let same = until(&mut one, "\"shape\"").await?;
    assert_eq!(shape(&same)?, shown, "nothing has changed since the page was made");

    let writer = store(&scene).status_writer()?;
    writer.put_instance(&report(&scene));
    let told = until(&mut list, "\"lag\":\"4,711\"").await?;
    assert!(told.contains("\"key\":\"running\""), "{told}");
    assert_eq!(shape(&told)?, "running:1");
    let told = until(&mut one, "\"lag\":\"4,711\"").await?;
    assert!(told.contains(":0\""), "{told}");
    assert_ne!(shape(&told)?, shown, "a sink has come: {told}");
    let audit = audit("pipeline.remove", "sales");
    let gone = Change::Remove { name: "sales".to_owned(), audit };
    store(&scene).update(|_| Ok::<_, String>((vec![gone.clone()], ()))).await?;
    until(&mut one, "\"gone\":true").await?;
    // Both streams are still open.
    api.stop().await
}

/// What the last message says of the page's shape.
fn shape(told: &str) -> anyhow::Result<&str> {
    let last = told.rsplit_once("\"shape\":\"").with_context(|| format!("no shape: {told}"))?.1;
    Ok(last.split_once('"').context("an end")?.0)
}

/// Reads until a message has `wanted` in it.
async fn until(answer: &mut reqwest::Response, wanted: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    let reading = async {
        while let Some(chunk) = answer.chunk().await? {
            text.push_str(&String::from_utf8_lossy(&chunk));
            if text.contains(wanted) && text.ends_with("\n\n") {
                break;
            }
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, reading).await.with_context(|| format!("no {wanted}"))??;
    ensure!(text.contains(wanted), "the stream ended without {wanted}: {text}");
    Ok(text)
}

fn report(scene: &Scene) -> InstanceStatus {
    InstanceStatus {
        instance: "sink-1".to_owned(),
        pipeline: "sales".to_owned(),
        at_ms: 0,
        version: 1,
        revision: String::new(),
        state: RunState::Running,
        reason: None,
        detail: None,
        partitions: vec![PartitionStatus {
            topic: scene.topic.clone(),
            partition: 0,
            committed: Some(0),
            end: Some(4_711),
            lag: Some(4_711),
            pending_ranges: 0,
            stopped: None,
            topic_id: None,
        }],
        rows_total: 0,
        bytes_total: 0,
        rows_per_s: 0.0,
        bytes_per_s: 0.0,
        freshness_ms: None,
        dead_letters_total: 0,
        skipped_total: std::collections::BTreeMap::new(),
        last_error: None,
        retrying: None,
        guarantee: None,
    }
}
