//! Promise: a pipeline never runs with less than the guarantee it asks for.

use crate::{
    fixture::{SCHEMA, Scene},
    process::Sink,
};

const WINDOW: &str = "SETTINGS non_replicated_deduplication_window = 100000";

/// Produces ten rows for a sink that must refuse them.
async fn refused(scene: &Scene) -> anyhow::Result<Sink> {
    let id = scene.register(SCHEMA).await?;
    scene.produce_rows(id, 0..10, 1).await?;
    let sink = scene.sink().await?;
    sink.until_stopped("guarantee-missing", 1.0).await?;
    let kept = sink.metric("penstock_sink_exactly_once", "").await?;
    assert!(kept < 0.5, "it says that exactly once is kept");
    Ok(sink)
}

#[tokio::test]
async fn a_table_that_remembers_no_inserts_takes_none() -> anyhow::Result<()> {
    let mut scene = Scene::new(1).await?;
    scene.create_table("ORDER BY id").await?;
    let sink = refused(&scene).await?;
    for part in ["ALTER TABLE", "MODIFY SETTING non_replicated_deduplication_window = "] {
        assert!(sink.log_has(part), "it does not say what to do: {part}");
    }
    assert!(sink.stop().await?.success());
    assert_eq!(scene.rows().await, 0);
    assert_eq!(scene.committed().await?, 0);

    // Whoever asks for less gets it.
    scene.document = "delivery: at-least-once\n".to_owned();
    let sink = scene.sink().await?;
    scene.until_committed(10).await?;
    scene.expect_ids(0..10).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn what_a_person_mends_is_taken_after_a_restart() -> anyhow::Result<()> {
    let scene = Scene::new(1).await?;
    scene.create_table("ORDER BY id").await?;
    let sink = refused(&scene).await?;
    assert!(sink.stop().await?.success());
    scene
        .sql(&format!("ALTER TABLE {{t}} MODIFY {}", WINDOW.replace("SETTINGS", "SETTING")))
        .await?;
    let sink = scene.sink().await?;
    scene.until_committed(10).await?;
    scene.expect_ids(0..10).await?;
    sink.until_metric("penstock_sink_exactly_once", "", 1.0).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_view_that_writes_to_a_table_without_memory_counts() -> anyhow::Result<()> {
    let scene = Scene::new(1).await?;
    scene.create_table(&format!("ORDER BY id {WINDOW}")).await?;
    scene.sql("CREATE TABLE {db}.behind (id Int64) ENGINE = MergeTree ORDER BY id").await?;
    scene.sql("CREATE MATERIALIZED VIEW {db}.view TO {db}.behind AS SELECT id FROM {t}").await?;
    let sink = refused(&scene).await?;
    assert!(sink.log_has(&format!("{}.behind", scene.database)), "it does not name the table");
    assert!(sink.stop().await?.success());
    assert_eq!(scene.rows().await, 0);
    assert_eq!(scene.sql("SELECT count() FROM {db}.behind").await?, "0");
    Ok(())
}
