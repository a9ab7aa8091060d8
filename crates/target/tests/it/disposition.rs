//! Promise: each refusal leads to the right decision, and its text holds no row contents.

use anyhow::{Context, Result};
use target::{Disposition, InsertError};

use crate::{fixture::Fixture, native};

const TABLE: &str = "(id UInt64) ENGINE = MergeTree ORDER BY id";

/// The decision and text of an insert of ids that must fail.
async fn refusal(fixture: &Fixture, ids: impl IntoIterator<Item = u64>) -> Result<InsertError> {
    fixture.insert_ids("token", ids).await.err().context("the insert went through")
}

#[tokio::test]
async fn a_missing_table_is_noticed_behind_a_large_body() -> Result<()> {
    let fixture = Fixture::new().await?;
    let error = refusal(&fixture, 0..1_000_000).await?;
    assert_eq!(error.disposition(), Disposition::TableChanged, "{error}");
    assert!(error.to_string().contains("(code 60, UNKNOWN_TABLE)"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_missing_or_computed_column_is_a_changed_table() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table("(other UInt64) ENGINE = MergeTree ORDER BY other").await?;
    let error = refusal(&fixture, [1]).await?;
    assert_eq!(error.disposition(), Disposition::TableChanged, "{error}");

    fixture.query("ALTER TABLE {db}.t ADD COLUMN id UInt64 MATERIALIZED other").await?;
    let error = refusal(&fixture, [1]).await?;
    assert_eq!(error.disposition(), Disposition::TableChanged, "{error}");
    Ok(())
}

#[tokio::test]
async fn a_missing_database_is_a_changed_table() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.query("DROP DATABASE {db}").await?;
    let error = refusal(&fixture, [1]).await?;
    assert_eq!(error.disposition(), Disposition::TableChanged, "{error}");
    Ok(())
}

#[tokio::test]
async fn refused_credentials_and_grants_wait_for_a_person() -> Result<()> {
    let mut fixture = Fixture::new().await?;
    fixture.table(TABLE).await?;
    fixture.target = fixture.target_with(|settings| {
        settings.password = "n0tthis".to_owned().into();
        settings.schema_password = "n0tthis".to_owned().into();
    })?;
    let error = refusal(&fixture, [1]).await?;
    assert_eq!((error.disposition(), error.needs_person()), (Disposition::Retry, true), "{error}");
    assert!(!format!("{error} {error:?}").contains("n0tthis"), "{error:?}");

    let error = fixture.target.inspect("a", "b").await.err().context("the password is wrong")?;
    assert_eq!(error.disposition(), Disposition::Stop, "{error}");

    let target = fixture.target_with(|settings| {
        settings.user.clone_from(&settings.schema_user);
        settings.password = settings.schema_password.clone();
    })?;
    let chunks = native::block(1, &[("id", "UInt64", native::numbers([1]))]);
    let error = target.insert(&fixture.insert("id", "token", 1, &chunks)).await;
    let error = error.err().context("the schema account inserts")?;
    assert_eq!((error.disposition(), error.needs_person()), (Disposition::Retry, true), "{error}");
    assert!(error.to_string().contains("ACCESS_DENIED"), "{error}");
    Ok(())
}

#[tokio::test]
async fn values_that_do_not_fit_stop_and_are_not_told() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table(TABLE).await?;
    let data = native::texts(["hush"]);
    let chunks = native::block(1, &[("id", "String", data)]);
    let error = fixture.target.insert(&fixture.insert("id", "token", 1, &chunks)).await;
    let error = error.err().context("a text is no number")?;
    assert_eq!(error.disposition(), Disposition::Stop, "{error}");
    assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");

    fixture.query("ALTER TABLE {db}.t ADD CONSTRAINT small CHECK id < 10").await?;
    let error = refusal(&fixture, [771_177]).await?;
    assert_eq!(error.disposition(), Disposition::Stop, "{error}");
    assert!(error.to_string().contains("VIOLATED_CONSTRAINT"), "{error}");
    assert!(!format!("{error} {error:?}").contains("771177"), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_block_over_too_many_table_partitions_stops() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table("(id UInt64) ENGINE = MergeTree PARTITION BY id ORDER BY id").await?;
    let error = refusal(&fixture, 0..101).await?;
    assert_eq!(error.disposition(), Disposition::Stop, "{error}");
    fixture.insert_ids("token", 0..100).await?;
    Ok(())
}

#[tokio::test]
async fn a_throwing_view_waits_and_is_filled_by_the_same_token() -> Result<()> {
    let fixture = Fixture::new().await?;
    let remembering = format!("{TABLE} SETTINGS non_replicated_deduplication_window = 100");
    fixture.table(&remembering).await?;
    fixture.query(&format!("CREATE TABLE {{db}}.copies {remembering}")).await?;
    let view = |filter: &str| {
        format!(
            "CREATE MATERIALIZED VIEW {{db}}.v TO {{db}}.copies \
             DEFINER = CURRENT_USER SQL SECURITY DEFINER AS \
             SELECT id FROM {{db}}.t WHERE {filter}"
        )
    };
    fixture.query(&view("throwIf(id = 77) = 0")).await?;
    let error = refusal(&fixture, 0..100).await?;
    assert_eq!((error.disposition(), error.needs_person()), (Disposition::Retry, true), "{error}");
    let name = format!("in materialized view {}.v", fixture.database);
    assert!(error.to_string().contains(&name), "{error}");

    fixture.query("DROP VIEW {db}.v SYNC").await?;
    fixture.query(&view("id >= 0")).await?;
    fixture.insert_ids("token", 0..100).await?;
    assert_eq!(fixture.query("SELECT count() FROM {db}.t").await?, "100");
    assert_eq!(fixture.query("SELECT count() FROM {db}.copies").await?, "100");
    Ok(())
}

#[tokio::test]
async fn a_block_that_cannot_be_one_is_not_sent() -> Result<()> {
    let fixture = Fixture::new().await?;
    let chunks = native::block(1, &[("id", "UInt64", native::numbers([1]))]);
    for rows in [0, 1_000_001] {
        let error = fixture.target.insert(&fixture.insert("id", "token", rows, &chunks)).await;
        let error = error.err().context("it was sent")?;
        assert_eq!(error.disposition(), Disposition::Stop, "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn too_many_parts_are_waited_for() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table(&format!("{TABLE} SETTINGS parts_to_throw_insert = 1")).await?;
    fixture.query("SYSTEM STOP MERGES {db}.t").await?;
    fixture.insert_ids("first", [1]).await?;
    let error = refusal(&fixture, [2]).await?;
    assert!(error.to_string().contains("TOO_MANY_PARTS"), "{error}");
    assert_eq!((error.disposition(), error.needs_person()), (Disposition::Retry, false), "{error}");
    fixture.query("ALTER TABLE {db}.t MODIFY SETTING parts_to_throw_insert = 100").await?;
    fixture.insert_ids("token", [2]).await?;
    Ok(())
}

#[tokio::test]
async fn a_read_only_table_waits_for_a_person() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table(TABLE).await?;
    fixture.query("ALTER TABLE {db}.t MODIFY SETTING table_readonly = 1").await?;
    let error = refusal(&fixture, [1]).await?;
    assert!(error.to_string().contains("READ_ONLY"), "{error}");
    assert_eq!((error.disposition(), error.needs_person()), (Disposition::Retry, true), "{error}");
    fixture.query("ALTER TABLE {db}.t MODIFY SETTING table_readonly = 0").await?;
    fixture.insert_ids("token", [1]).await?;
    Ok(())
}
