//! Promise: what an account's profile forbids or changes is noticed, and does not change a count.

use std::fs;

use anyhow::{Context, Result};
use target::{Disposition, RowRange, Target};
use testkit::{OwnStack, Part, own_stack};

use crate::{fixture::Fixture, native};

/// Accounts like the stack's own, each with a profile of its own: name, whose password and grants,
/// settings.
const ACCOUNTS: [(&str, &str, &str); 5] = [
    ("small", "sink", "<max_memory_usage>1000000</max_memory_usage>"),
    ("careful", "sink", "<readonly>1</readonly>"),
    ("reading", "sink", "<readonly>2</readonly>"),
    (
        "bound",
        "sink",
        "<async_insert>1</async_insert>\
         <constraints><async_insert><const/></async_insert></constraints>",
    ),
    ("tidy", "schema", "<final>1</final>"),
];

/// Writes them where the server looks for additions to its accounts, and starts it again.
async fn add_accounts(own: &OwnStack) -> Result<()> {
    let folder = own.stack().accounts_folder();
    let text = fs::read_to_string(own.stack().accounts_file())?;
    let (mut profiles, mut users) = (String::new(), String::new());
    for (name, like, settings) in ACCOUNTS {
        let (_, rest) = text.split_once(&format!("<{like}>")).context("no such account")?;
        let (inside, _) = rest.split_once(&format!("</{like}>")).context("no such account")?;
        let inside = inside.replace("<profile>default<", &format!("<profile>{name}<"));
        profiles += &format!("<{name}>{settings}</{name}>");
        users += &format!("<{name}>{inside}</{name}>");
    }
    let added =
        format!("<clickhouse><profiles>{profiles}</profiles><users>{users}</users></clickhouse>");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("accounts.xml"), added)?;
    own.stack().restart(Part::ClickHouse).await.context("start the server again")
}

/// The target whose inserts come from that account.
fn inserting_as(fixture: &Fixture, user: &str) -> Result<Target> {
    fixture.target_with(|settings| settings.user = user.to_owned())
}

#[tokio::test]
async fn profiles_are_met_with_the_right_decision() -> Result<()> {
    let own = own_stack(&[Part::ClickHouse], |_| {}).await?;
    add_accounts(&own).await?;
    let fixture = Fixture::on(&own.servers()?).await?;
    fixture
        .table(
            "(_topic String, _partition UInt32, _offset UInt64, id UInt64) \
             ENGINE = ReplacingMergeTree(_offset) ORDER BY id \
             SETTINGS non_replicated_deduplication_window = 100000",
        )
        .await?;
    assert_eq!(fixture.guarantee().await?.findings, []);
    memory(&fixture).await?;
    access(&fixture).await?;
    count(&fixture).await?;
    own.stop().await
}

/// A block too large for the account's memory waits, because another query's may be the reason.
async fn memory(fixture: &Fixture) -> Result<()> {
    let small = inserting_as(fixture, "small")?;
    let rows = 1_000_000;
    let chunks = native::block(rows, &[("id", "UInt64", native::numbers(0..rows))]);
    let error = small.insert(&fixture.insert("id", "large", rows, &chunks)).await;
    let error = error.err().context("it fits into less than itself")?;
    assert!(error.to_string().contains("MEMORY_LIMIT_EXCEEDED"), "{error}");
    assert_eq!((error.disposition(), error.needs_person()), (Disposition::Retry, false), "{error}");
    assert_eq!(fixture.query("SELECT count() FROM {db}.t").await?, "0");
    Ok(())
}

/// An account that may only read waits for a person when it inserts, and stops a start.
async fn access(fixture: &Fixture) -> Result<()> {
    let chunks = native::block(1, &[("id", "UInt64", native::numbers([1]))]);
    for (user, disposition, name) in [
        ("careful", Disposition::Retry, "READONLY"),
        ("reading", Disposition::Retry, "READONLY"),
        ("bound", Disposition::Stop, "SETTING_CONSTRAINT_VIOLATION"),
    ] {
        let target = inserting_as(fixture, user)?;
        let error = target.insert(&fixture.insert("id", "token", 1, &chunks)).await;
        let error = error.err().with_context(|| format!("{user} inserts"))?;
        assert!(error.to_string().contains(name), "{user}: {error}");
        assert_eq!((error.disposition(), error.needs_person()), (disposition, true), "{user}");

        let options = target::GuaranteeOptions::default();
        let error = target.guarantee(&fixture.database, "t", &options).await;
        let error = error.err().with_context(|| format!("{user} may start"))?;
        assert_eq!(error.disposition(), Disposition::Stop, "{user}: {error}");
    }
    Ok(())
}

/// A profile that merges rows as they are read does not make rows vanish from a count.
async fn count(fixture: &Fixture) -> Result<()> {
    fixture.query("SYSTEM STOP MERGES {db}.t").await?;
    for offset in 0..3 {
        fixture.query(&format!("INSERT INTO {{db}}.t VALUES ('sales', 0, {offset}, 1)")).await?;
    }
    let tidy = fixture.target_with(|settings| settings.schema_user = "tidy".to_owned())?;
    let database = &fixture.database;
    let range = RowRange { database, table: "t", topic: "sales", partition: 0, first: 0, last: 2 };
    assert_eq!(tidy.rows_in(&range).await?, Some(3));
    Ok(())
}
