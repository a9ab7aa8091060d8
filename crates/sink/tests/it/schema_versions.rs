//! Promise: records of two schema versions share batches, and each field lands where it belongs.

use testkit::Record;

use crate::fixture::{SCHEMA, Scene, framed, long, row, string};

const NEWER: &str = r#"{"type":"record","name":"Row","fields":[
    {"name":"id","type":"long"},
    {"name":"extra","type":["null","string"],"default":null},
    {"name":"note","type":"string"},
    {"name":"unmapped","type":"double","default":0}]}"#;

#[tokio::test]
async fn two_interleaved_versions_land_in_common_batches() -> anyhow::Result<()> {
    let scene = Scene::new(1).await?;
    let old = scene.register(SCHEMA).await?;
    let new = scene.register(NEWER).await?;
    let sql = format!(
        "CREATE TABLE {} (id Int64, note String, extra Nullable(String), \
         _topic LowCardinality(String), _partition UInt32, _offset UInt64, \
         _timestamp DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY id \
         SETTINGS non_replicated_deduplication_window = 100000",
        scene.table()
    );
    scene.clickhouse().query(&sql).await?;
    let newer = |n: i64| {
        let datum = [long(n), long(1), string("more"), string("new"), 1.5_f64.to_le_bytes().into()];
        framed(new, &datum.concat())
    };
    let records =
        (0..20_000).map(|n| Record::of(if n % 2 == 0 { row(old, n, "old") } else { newer(n) }));
    scene.produce(records.collect()).await?;
    let sink = scene.sink().await?;
    scene.until_committed(20_000).await?;

    scene.expect_ids(0..20_000).await?;
    let sql = format!(
        "SELECT countIf(id % 2 = 0 AND note = 'old' AND extra IS NULL), \
         countIf(id % 2 = 1 AND note = 'new' AND extra = 'more') FROM {}",
        scene.table()
    );
    assert_eq!(scene.clickhouse().query(&sql).await?, "10000\t10000");
    let inserts = sink.log_count("\"batch inserted\"");
    assert!(inserts <= 20, "{inserts} inserts: versions cut each other's batches");
    assert!(sink.stop().await?.success());
    Ok(())
}
