//! Promise: every pinned setting is in force where a block is inserted, whatever the profile says.

use anyhow::Result;
use target::pinned;

use crate::fixture::Fixture;

#[tokio::test]
async fn an_insert_runs_under_the_pinned_settings() -> Result<()> {
    let fixture = Fixture::new().await?;
    // Defaults are evaluated inside the insert itself, so they tell what it runs under.
    let columns: Vec<String> = pinned::SETTINGS
        .iter()
        .map(|(name, _)| *name)
        .chain(["insert_deduplication_token"])
        .map(|name| format!("{name} String DEFAULT toString(getSetting('{name}'))"))
        .collect();
    fixture
        .table(&format!("(id UInt64, {}) ENGINE = MergeTree ORDER BY id", columns.join(", ")))
        .await?;
    fixture.insert_ids("sales:0:0-0:n0nce", [1]).await?;

    let found = fixture.query("SELECT * EXCEPT id FROM {db}.t").await?;
    let expected: Vec<&str> =
        pinned::SETTINGS.iter().map(|(_, value)| *value).chain(["sales:0:0-0:n0nce"]).collect();
    let booleans = |text: &str| text.replace("true", "1").replace("false", "0");
    assert_eq!(booleans(&found), expected.join("\t"));
    Ok(())
}

#[tokio::test]
async fn the_server_is_asked_whether_it_obeys() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.target.check_pinned().await?;

    // Nothing would have been proven if the defaults were the same.
    let names = pinned::SETTINGS.map(|(name, _)| format!("'{name}'")).join(", ");
    let defaults = fixture
        .query(&format!("SELECT name, default FROM system.settings WHERE name IN ({names})"))
        .await?;
    let pinned: Vec<String> =
        pinned::SETTINGS.iter().map(|(name, value)| format!("{name}\t{value}")).collect();
    let differing = pinned.iter().filter(|line| !defaults.lines().any(|found| found == *line));
    assert!(differing.count() >= 3, "{defaults}");
    Ok(())
}
