//! A `LowCardinality` column stays right when its dictionary outgrows one and two bytes.

use decode::Block;
use schema_map::Schema;
use serde_json::json;

use crate::fixture::{Database, record};

const SCHEMA: &str = r#"{"type":"record","name":"R","fields":[
 {"name":"x","type":"string"},{"name":"many","type":{"type":"array","items":"string"}}]}"#;

#[tokio::test]
async fn every_distinct_text_is_kept() -> anyhow::Result<()> {
    let database = Database::create().await?;
    let schema = Schema::parse(SCHEMA, &[])?;
    database
        .run(&format!(
            "CREATE TABLE {} (x LowCardinality(String), many Array(LowCardinality(String)), \
             _offset UInt64) ENGINE = MergeTree ORDER BY _offset",
            database.table()
        ))
        .await?;
    let plan = database.plan(&schema).await?;
    let mut block = Block::new(plan.columns());
    for offset in 0..140_000_i64 {
        // Half of the texts again, so that codes of every width are also read back.
        let number = offset / 2 * 2;
        let text = format!("text-{number:06}");
        let one = [&[22][..], text.as_bytes()].concat();
        let bytes = [&one[..], &[2], &one[..], &[0]].concat();
        plan.decode(&bytes, &record(offset), &mut block)?;
    }
    database.insert(block).await?;
    let wrong = "countIf(x != 'text-' || leftPad(toString(intDiv(_offset, 2) * 2), 6, '0'))";
    let rows = database
        .run(&format!(
            "SELECT count(), uniqExact(x), {wrong}, countIf(many != [x]) \
             FROM {} FORMAT JSONCompactEachRow",
            database.table()
        ))
        .await?;
    let counts: serde_json::Value = serde_json::from_str(&rows)?;
    assert_eq!(counts, json!([140_000, 70_000, 0, 0]));
    Ok(())
}
