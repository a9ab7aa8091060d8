//! Promise: a change does not wait for ever for an insert that hangs; what was given up is read
//! again under the new document, and lands once.

use testkit::Proxy;

use crate::stored::StoredScene;

#[tokio::test]
async fn a_change_gives_up_a_drain_that_hangs() -> anyhow::Result<()> {
    let mut stored = StoredScene::new(1).await?;
    let proxy = Proxy::start(&stored.scene.servers.clickhouse_http).await?;
    stored.scene.clickhouse_url = proxy.url(&stored.scene.servers.clickhouse_http);
    stored.scene.env.push(("SINK__SERVICE__DRAIN_MS_MAX", "2000".to_owned()));
    let sink = stored.sink("").await?;
    stored.create().await?;
    stored.scene.produce_rows(stored.schema_id, 0..100, 1).await?;
    stored.scene.until_committed(100).await?;

    proxy.pause();
    stored.scene.produce_rows(stored.schema_id, 100..200, 1).await?;
    stored.scene.until_announced().await?;
    let version = stored.edit(|stored| stored.restarts += 1).await?;
    // ClickHouse answers nothing yet: without an end to its patience it would drain until it does.
    stored.until("the change is taken up", |one| one.version >= version).await?;
    assert_eq!(stored.scene.committed().await?, 100, "what was given up is not committed");

    proxy.resume();
    stored.scene.until_committed(200).await?;
    stored.scene.expect_ids(0..200).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}
