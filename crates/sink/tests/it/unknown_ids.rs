//! Promise: a record once judged to be of an unknown schema stays so when its range is repeated.

use std::time::Duration;

use testkit::{Proxy, Record, eventually, unique};

use crate::fixture::{PATIENCE, SCHEMA, Scene, row};

/// Ids ahead of the registry's last one that nobody has when the records are judged: other tests
/// register meanwhile.
const AHEAD: u32 = 100;

#[tokio::test]
async fn a_schema_registered_after_the_judgement_changes_nothing() -> anyhow::Result<()> {
    let mut scene = Scene::new(1).await?;
    scene.properties(&[r#""session.timeout.ms"="6000""#]);
    scene.env.push(("SINK__REGISTRY__UNKNOWN_ID_WAIT_MS", "0".to_owned()));
    let direct = scene.clickhouse_url.clone();
    let proxy = Proxy::start(&direct).await?;
    scene.clickhouse_url = proxy.url(&direct);
    let id = scene.register(SCHEMA).await?;
    scene.produce_rows(id, 0..10, 1).await?;
    let sink = scene.sink().await?;
    scene.until_committed(10).await?;

    // The insert arrives, its answer does not: the range stays announced.
    proxy.delay_answers(Duration::from_secs(600));
    // A schema of its own, so that its id is the registry's last: equal ones share theirs.
    let last = register_another(&scene).await?;
    let unknown = last + AHEAD..last + AHEAD + 3;
    let mut records = vec![Record::of(row(id, 10, "good"))];
    records.extend(unknown.clone().map(|unknown| Record::of(row(unknown, -1, "judged"))));
    records.push(Record::of(row(id, 11, "good")));
    scene.produce(records).await?;
    scene.until_rows(12).await?;
    until_letters(&scene, 3).await?;
    sink.kill().await?;

    // Some of the three are ours, even if others register at the same time.
    let mut ours = 0;
    loop {
        let known = register_another(&scene).await?;
        ours += usize::from(unknown.contains(&known));
        if known >= unknown.end - 1 {
            break;
        }
    }
    assert!(ours > 0, "the ids went to other tests");

    scene.clickhouse_url = direct;
    let sink = scene.sink().await?;
    sink.until_log("range is replayed").await?;
    scene.until_committed(15).await?;
    scene.expect_ids(0..12).await?;
    until_letters(&scene, 6).await?; // told again rather than not at all
    assert!(sink.stop().await?.success());
    Ok(())
}

/// Registers a schema like [`SCHEMA`] under a name of its own.
async fn register_another(scene: &Scene) -> anyhow::Result<u32> {
    let schema = SCHEMA.replace("Row", &unique("row"));
    scene.servers.registry().register(&unique("subject"), &schema).await
}

async fn until_letters(scene: &Scene, letters: usize) -> anyhow::Result<()> {
    let what = format!("{letters} dead letters");
    eventually(&what, PATIENCE, async || {
        let read = scene.kafka().read_all(&scene.dead_letter_topic()).await;
        read.is_ok_and(|read| read.len() == letters)
    })
    .await
}
