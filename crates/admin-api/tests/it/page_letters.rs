//! Who may sees dead letters on the page, takes them all with them, and knows which were replayed.

use admin_api::auth::Role;
use reqwest::Method;
use testkit::Record;

use crate::{
    browser::{Browser, between, unescaped},
    fixture::Scene,
};

/// A dead letter for the record at `offset` of the scene's topic, as the sink writes it.
fn letter(scene: &Scene, offset: i64) -> Record {
    let own = [
        ("penstock.reason", "truncated".to_owned()),
        ("penstock.detail", "ends inside field id".to_owned()),
        ("penstock.topic", scene.topic.clone()),
        ("penstock.partition", "0".to_owned()),
        ("penstock.offset", offset.to_string()),
        ("penstock.timestamp", "1000".to_owned()),
        ("penstock.pipeline", "sales".to_owned()),
        ("penstock.attempt", "1".to_owned()),
    ];
    let letter = Record::of(format!("bad {offset}"));
    own.into_iter().fold(letter, |letter, (name, value)| letter.with_header(name, value))
}

/// The row of the list about the record at `offset`.
fn row<'a>(scene: &Scene, html: &'a str, offset: i64) -> anyhow::Result<&'a str> {
    between(html, &format!("aria-label=\"Choose {}:0@{offset}\"", scene.topic), "</tr>")
}

#[tokio::test]
async fn letters_are_exported_replayed_and_marked_by_who_may() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let create = api.request(Method::POST, "/v1/pipelines", operator);
    assert_eq!(create.body(scene.document("sales", "")).send().await?.status(), 201);
    let (address, topic) =
        ("/pipelines/sales/dead-letters", format!("{}.dead-letters.sales", scene.namespace));
    let browser = Browser::log_in(&api, "token", operator).await?;
    let none = browser.get(address).await?.html;
    assert!(none.contains("No dead letters") && !none.contains("download="), "{none}");

    let kafka = scene.servers.kafka();
    // It is there already where the API may create it.
    kafka.create_topic(&topic, 1, &[]).await.ok();
    kafka.produce(&topic, (7..9).map(|offset| letter(&scene, offset))).await?;
    let list = browser.get(&format!("{address}?reason=truncated")).await?.html;
    assert!(row(&scene, &list, 7)?.contains(">no</span>"), "{list}");
    let export = unescaped(between(&list, "<a class=\"button\" href=\"", "\"")?);
    assert!(export.ends_with("/export?reason=truncated"), "{export}");
    let lines = browser.get(&export).await?;
    assert_eq!((lines.status.as_u16(), lines.html.lines().count()), (200, 2), "{}", lines.html);
    assert!(lines.html.contains("\"text\":\"bad 7\""), "{}", lines.html);

    let done = browser.post(&format!("{address}/replay"), &[("pick", "0-0")]).await?.html;
    assert!(done.contains("1 record is on its way"), "{done}");
    assert!(row(&scene, &done, 7)?.contains("Replayed</span> <time"), "{done}");
    assert!(row(&scene, &done, 8)?.contains(">no</span>"), "{done}");
    let one = browser.get(&format!("{address}/0-0")).await?.html;
    assert!(one.contains("It was replayed already"), "{one}");

    let viewer = Browser::log_in(&api, "token", scene.token(Role::Viewer)).await?;
    let seen = viewer.get(address).await?.html;
    assert!(seen.contains("Replayed</span> <time"), "that is no content of a record: {seen}");
    assert!(!seen.contains("download=") && !seen.contains("type=\"checkbox\""), "{seen}");
    assert_eq!(viewer.get(&export).await?.status, 403);
    api.stop().await
}
