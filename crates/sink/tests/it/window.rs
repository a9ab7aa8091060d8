//! Promise: where the table has forgotten what was inserted, or remembers what it has lost, its rows
//! say so, or a person must.

use std::time::Duration;

use testkit::Proxy;

use crate::fixture::{SCHEMA, Scene};

/// The least that exactly once can be kept with.
const WINDOW: u64 = 10_000;
/// Blocks of one insert: so few that a loaded machine answers in time.
const BLOCKS: usize = 200;

/// A sink is killed when its rows are in and it does not know; others write until the table has
/// forgotten. Partition 0 holds all of its rows then, of partition 1 one is gone.
#[tokio::test]
async fn a_forgotten_range_is_counted_and_one_that_is_not_whole_stops() -> anyhow::Result<()> {
    let (scene, id) = killed_before_it_knows("").await?;
    scene.sql("ALTER TABLE {t} DELETE WHERE id = 13 SETTINGS mutations_sync = 1").await?;
    forget(&scene).await?;

    let sink = scene.sink().await?;
    scene.produce_rows(id, 20..30, 2).await?;
    sink.until_log("rows of a range counted").await?;
    sink.until_stopped("range-unprovable", 1.0).await?;
    // Partition 0 goes on to its end, 15, partition 1 stays at 5. What was announced of the latter
    // before it stopped may land: it is recorded, and comes again under its token.
    scene.until_committed(20).await?;
    assert!(sink.stop().await?.success());
    assert_eq!(scene.committed().await?, 20, "a range that nobody can prove was passed");
    let announced = scene.sql("SELECT count() FROM {t} WHERE id >= 20 AND id % 2 = 1").await?;
    let announced = if announced == "0" { 20..20 } else { 20..30 };
    let after = (20..30).filter(|n| n % 2 == 0 || announced.contains(n));
    expect(&scene, &(0..20).filter(|n| *n != 13).chain(after).collect::<Vec<_>>()).await
}

/// The number by which the use of the window is measured falls when the newest rows leave the
/// table: what has been forgotten looks young then.
#[tokio::test]
async fn a_forgotten_token_that_looks_young_is_not_relied_on() -> anyhow::Result<()> {
    let (scene, id) = killed_before_it_knows("PARTITION BY _topic").await?;
    forget(&scene).await?;
    scene.sql("ALTER TABLE {t} DROP PARTITION 'elsewhere'").await?;

    let sink = scene.sink().await?;
    scene.produce_rows(id, 20..30, 2).await?;
    scene.until_committed(30).await?;
    assert!(sink.stop().await?.success());
    scene.expect_ids(0..30).await
}

/// ClickHouse writes a token down before the part, so that one killed in between knows a token and
/// has no row of it. Deleting the rows leaves the same behind.
#[tokio::test]
async fn a_token_without_rows_is_not_believed() -> anyhow::Result<()> {
    let (scene, _) = killed_before_it_knows("").await?;
    scene.sql("ALTER TABLE {t} DELETE WHERE id >= 10 SETTINGS mutations_sync = 1").await?;

    let sink = scene.sink().await?;
    scene.until_committed(20).await?;
    scene.expect_ids(0..20).await?;
    sink.until_log("token without rows").await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

/// An old token that a sink still meets may be met by another sink no more: that one would insert under
/// it, this one under the next. Nobody can tell which, so a person must.
#[tokio::test]
async fn an_old_token_without_rows_stops_its_partition() -> anyhow::Result<()> {
    let (scene, id) = killed_before_it_knows("").await?;
    // All that partition 1 has of its range. Partition 0 keeps its own.
    let gone = "ALTER TABLE {t} DELETE WHERE id >= 10 AND id % 2 = 1 SETTINGS mutations_sync = 1";
    scene.sql(gone).await?;
    age(&scene).await?;

    let sink = scene.sink().await?;
    sink.until_stopped("range-unprovable", 1.0).await?;
    scene.produce_rows(id, 20..30, 2).await?;
    // Five offsets of partition 1, all fifteen of partition 0.
    scene.until_committed(20).await?;
    assert!(sink.stop().await?.success());
    let even = (10..30).filter(|n| n % 2 == 0);
    expect(&scene, &(0..10).chain(even).collect::<Vec<_>>()).await?;
    assert_eq!(scene.committed().await?, 20, "a range that nobody can prove was passed");
    Ok(())
}

/// Rows 0 to 9 are in and committed, rows 10 to 19 only in, when the sink is killed. Also returns the
/// id of the schema.
async fn killed_before_it_knows(partition_by: &str) -> anyhow::Result<(Scene, u32)> {
    let mut scene = Scene::new(2).await?;
    scene.properties(&[r#""session.timeout.ms"="6000""#]);
    scene
        .create_table(&format!(
            "{partition_by} ORDER BY (_topic, _partition, _offset) SETTINGS \
             non_replicated_deduplication_window = {WINDOW}, \
             parts_to_delay_insert = 1000000, parts_to_throw_insert = 1000000"
        ))
        .await?;
    let direct = scene.clickhouse_url.clone();
    let proxy = Proxy::start(&direct).await?;
    scene.clickhouse_url = proxy.url(&direct);
    let id = scene.register(SCHEMA).await?;
    scene.produce_rows(id, 0..10, 2).await?;
    let sink = scene.sink().await?;
    scene.until_committed(10).await?;

    proxy.delay_answers(Duration::from_secs(600)); // requests go through
    scene.produce_rows(id, 10..20, 2).await?;
    scene.until_rows(20).await?;
    assert_eq!(scene.committed().await?, 10, "the sink knows that they are in");
    sink.kill().await?;
    scene.clickhouse_url = direct;
    Ok((scene, id))
}

/// Others write to the table until it has forgotten whatever the sink inserted.
async fn forget(scene: &Scene) -> anyhow::Result<()> {
    // It would take as many inserts as the window is large: so it is small for a moment.
    let window = "ALTER TABLE {t} MODIFY SETTING non_replicated_deduplication_window = ";
    scene.sql(&format!("{window}1")).await?;
    for row in 0..3 {
        scene.sql(&format!("INSERT INTO {{t}} VALUES (-1, '', 'elsewhere', 1, {row}, 0)")).await?;
    }
    scene.sql(&format!("{window}{WINDOW}")).await?;
    age(scene).await
}

/// Others write as much as half the window: the table remembers what the sink inserted, and nobody
/// relies on it.
async fn age(scene: &Scene) -> anyhow::Result<()> {
    // Blocks of one row, of which each counts as one that the table may have remembered.
    for first in (0..=WINDOW / 2).step_by(BLOCKS) {
        scene
            .sql(&format!(
                "INSERT INTO {{t}} SELECT -1, '', 'elsewhere', 0, number, 0 \
                 FROM numbers({first}, {BLOCKS}) \
                 SETTINGS max_block_size = 1, min_insert_block_size_rows = 1, \
                 min_insert_block_size_bytes = 0, max_insert_block_size = 1, max_threads = 1"
            ))
            .await?;
    }
    Ok(())
}

/// Checks that of our rows the table has these and nothing else.
async fn expect(scene: &Scene, ids: &[i64]) -> anyhow::Result<()> {
    let found = scene.sql("SELECT id FROM {t} WHERE _topic != 'elsewhere' ORDER BY id").await?;
    let wanted: Vec<_> = ids.iter().map(i64::to_string).collect();
    anyhow::ensure!(found == wanted.join("\n"), "rows are {}", found.replace('\n', " "));
    Ok(())
}
