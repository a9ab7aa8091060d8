//! Versions of a schema that differ by a field share one block; what is missing gets the value
//! the server itself would have given.

use decode::{Block, Plan};
use schema_map::{Mapping, Schema};

use crate::fixture::{Database, record};

const OLD: &str = r#"{"type":"record","name":"R","fields":[
 {"name":"x","type":"int"},
 {"name":"gone","type":{"type":"map","values":["null","string"]}}]}"#;

const NEW: &str = r#"{"type":"record","name":"R","fields":[
 {"name":"day","type":{"type":"int","logicalType":"date"}},
 {"name":"c","type":{"type":"enum","name":"C","symbols":["B","A"]}},
 {"name":"x","type":"int"}]}"#;

#[tokio::test]
async fn versions_share_a_block_and_the_rest_is_the_servers_default() -> anyhow::Result<()> {
    let database = Database::create().await?;
    let table = database.table();
    database
        .run(&format!(
            "CREATE TABLE {table} (x Int32, day Date32, c LowCardinality(String), \
             n Nullable(Int64), l LowCardinality(Nullable(String)), a Array(Date32), \
             m Map(LowCardinality(String), UUID), d Decimal(30, 3), u UUID, t DateTime64(6), \
             f Float32, b Bool, s String, ip IPv4, later Int32 DEFAULT 42, doubled Int32 ALIAS x * 2, \
             _topic LowCardinality(String), _offset UInt64) ENGINE = MergeTree ORDER BY _offset"
        ))
        .await?;
    let (old, new) = (Schema::parse(OLD, &[])?, Schema::parse(NEW, &[])?);
    let old = database.plan(&old).await?;
    let new = database.plan(&new).await?;
    let none = Mapping::metadata_only(&database.layout().await?)?;
    let none = Plan::metadata_only(&none)?;
    assert_eq!(old.columns(), new.columns());
    assert_eq!(old.fingerprint(), new.fingerprint());
    assert_eq!(none.columns(), new.columns());

    let mut block = Block::new(old.columns());
    // x = 1; one entry "k": null.
    old.decode(&[2, 2, 2, b'k', 0, 0], &record(0), &mut block)?;
    // day 1, symbol A, x = 2.
    new.decode(&[2, 2, 4], &record(1), &mut block)?;
    none.decode(&[], &record(2), &mut block)?;
    database.insert(block).await?;
    // Rows 3 to 5 are the server's own work: what they do not name comes from its defaults.
    database
        .run(&format!(
            "INSERT INTO {table} (x, c, day, _topic, _offset) VALUES \
             (1, '', '1900-01-01', 'topic', 3), (2, 'A', '1970-01-02', 'topic', 4)"
        ))
        .await?;
    let bare = format!("INSERT INTO {table} (_topic, _offset) VALUES ('topic', 5)");
    database.run(&bare).await?;
    let rows = database.rows("* EXCEPT (_offset), later, doubled").await?;
    assert_eq!(rows.len(), 6);
    assert_eq!(rows[..3], rows[3..]);
    Ok(())
}
