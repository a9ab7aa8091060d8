//! Promise: a table or an account that changes while the sink runs costs time, never rows.

use std::fs;

use local_stack::Part;
use testkit::OwnStack;

use crate::{
    fixture::{SCHEMA, Scene},
    process::Sink,
};

const WINDOW: &str = "ORDER BY id SETTINGS non_replicated_deduplication_window = 100000";
const RETRIES: &str = "penstock_sink_insert_retries_total";

/// Rows 0 to 9 have landed; nothing is in flight.
async fn landed(scene: &Scene) -> anyhow::Result<(Sink, u32)> {
    let id = scene.register(SCHEMA).await?;
    scene.produce_rows(id, 0..10, 1).await?;
    let sink = scene.sink().await?;
    scene.until_committed(10).await?;
    Ok((sink, id))
}

#[tokio::test]
async fn a_dropped_column_makes_the_batch_anew_without_it() -> anyhow::Result<()> {
    let scene = Scene::new(1).await?;
    let (sink, id) = landed(&scene).await?;
    scene.sql("ALTER TABLE {t} DROP COLUMN note").await?;
    scene.produce_rows(id, 10..20, 1).await?;
    scene.until_committed(20).await?;
    scene.expect_ids(0..20).await?;
    assert!(sink.log_has("table-changed"));
    assert!(sink.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_dropped_table_is_created_anew_where_the_pipeline_may() -> anyhow::Result<()> {
    let scene = Scene::new(1).await?;
    let (sink, id) = landed(&scene).await?;
    scene.sql("DROP TABLE {t} SYNC").await?;
    scene.produce_rows(id, 10..20, 1).await?;
    scene.until_committed(20).await?;
    scene.expect_ids(10..20).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_dropped_table_is_waited_for_where_the_pipeline_may_not_create_it() -> anyhow::Result<()>
{
    let mut scene = Scene::new(1).await?;
    scene.target = ", create: false".to_owned();
    scene.create_table(WINDOW).await?;
    let (sink, id) = landed(&scene).await?;
    scene.sql("DROP TABLE {t} SYNC").await?;
    scene.produce_rows(id, 10..20, 1).await?;
    sink.until_log(&format!("{} does not exist", scene.table())).await?;
    sink.until_metric(RETRIES, "", 1.0).await?;
    assert_eq!(scene.committed().await?, 10, "committed without a table");
    scene.create_table(WINDOW).await?;
    scene.until_committed(20).await?;
    scene.expect_ids(10..20).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

/// An account that its administrator changes: what is added to the server's list of accounts.
struct Account(OwnStack);

impl Account {
    async fn becomes(&self, profile: &str, user: &str) -> anyhow::Result<()> {
        let folder = self.0.stack().accounts_folder();
        fs::create_dir_all(&folder)?;
        let text = format!(
            "<clickhouse><profiles><changed>{profile}</changed></profiles>\
             <users><sink>{user}</sink></users></clickhouse>"
        );
        fs::write(folder.join("changed.xml"), text)?;
        self.0.stack().restart(Part::ClickHouse).await // it reads them at its start
    }

    async fn is_as_before(&self) -> anyhow::Result<()> {
        self.becomes("", "").await
    }
}

#[tokio::test]
async fn an_account_that_is_refused_is_tried_until_it_is_not() -> anyhow::Result<()> {
    let own = testkit::own_stack(&[Part::Kafka, Part::Registry, Part::ClickHouse], |_| {}).await?;
    let account = Account(own);
    let scene = Scene::on(Box::leak(Box::new(account.0.servers()?)), 1).await?;
    let (sink, id) = landed(&scene).await?;

    let other = format!("<password_sha256_hex>{}</password_sha256_hex>", "0".repeat(64));
    account.becomes("", &other).await?;
    scene.produce_rows(id, 10..20, 1).await?;
    sink.until_metric(RETRIES, "", 2.0).await?;
    sink.until_log("insert still fails, trying on").await?; // an error at once: it is for a person
    assert_eq!(scene.rows().await, 10);
    account.is_as_before().await?;
    scene.until_committed(20).await?;
    scene.expect_ids(0..20).await?;

    let before = sink.metric(RETRIES, "").await?;
    let limit = "<max_memory_usage>1000</max_memory_usage>";
    account.becomes(limit, "<profile>changed</profile>").await?;
    scene.produce_rows(id, 20..30, 1).await?;
    sink.until_metric(RETRIES, "", before + 2.0).await?;
    sink.until_log("MEMORY_LIMIT_EXCEEDED").await?;
    account.is_as_before().await?;
    scene.until_committed(30).await?;
    scene.expect_ids(0..30).await?;
    assert!(sink.stop().await?.success());
    account.0.stop().await
}

#[tokio::test]
async fn too_many_parts_are_waited_out() -> anyhow::Result<()> {
    let scene = Scene::new(1).await?;
    let (sink, id) = landed(&scene).await?;
    scene.sql("ALTER TABLE {t} MODIFY SETTING parts_to_throw_insert = 1").await?;
    scene.produce_rows(id, 10..20, 1).await?;
    sink.until_metric(RETRIES, "", 2.0).await?;
    sink.until_log("TOO_MANY_PARTS").await?;
    assert_eq!(scene.rows().await, 10);
    scene.sql("ALTER TABLE {t} RESET SETTING parts_to_throw_insert").await?;
    scene.until_committed(20).await?;
    scene.expect_ids(0..20).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}
