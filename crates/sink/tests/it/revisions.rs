//! Promise: a range that was recorded under an older document is finished under that one.

use pipeline_spec::NullValue;
use testkit::{Proxy, Record, eventually};

use crate::{fixture::PATIENCE, stored::StoredScene};

#[tokio::test]
async fn what_was_a_row_then_becomes_a_row() -> anyhow::Result<()> {
    let mut stored = StoredScene::new(1).await?;
    stored.scene.source = "  null_value: row\n".to_owned();
    let direct = stored.scene.clickhouse_url.clone();
    let proxy = Proxy::start(&direct).await?;
    stored.scene.clickhouse_url = proxy.url(&direct);
    stored.create().await?;
    let sink = stored.sink("").await?;
    let without = || Record { value: None, ..Record::of(Vec::new()).with_key("gone") };
    stored.scene.produce_rows(stored.schema_id, 0..10, 1).await?;
    stored.scene.produce(vec![without()]).await?;
    stored.scene.until_committed(11).await?;

    proxy.pause();
    stored.scene.produce_rows(stored.schema_id, 10..12, 1).await?;
    stored.scene.produce(vec![without()]).await?;
    let (kafka, group) = (stored.scene.kafka(), stored.scene.group());
    eventually("the last one is announced", PATIENCE, async || {
        let found = kafka.committed(&group, &stored.scene.topic).await;
        found.is_ok_and(|found| found[&0].metadata.contains("-13:"))
    })
    .await?;
    sink.kill().await?;
    stored.edit(|stored| stored.spec.source.null_value = NullValue::Skip).await?;

    stored.scene.clickhouse_url = direct; // what the proxy holds never arrives
    let sink = stored.sink("").await?;
    stored.scene.produce(vec![without()]).await?;
    stored.scene.until_committed(15).await?;
    assert!(sink.log_has("range is replayed"));
    let nulls = "SELECT countIf(id = 0 AND _offset > 0) FROM {t}";
    assert_eq!(stored.scene.sql(nulls).await?, "2", "the second is a row, the third is not");
    assert_eq!(stored.scene.rows().await, 14);
    assert!(sink.stop().await?.success());
    Ok(())
}
