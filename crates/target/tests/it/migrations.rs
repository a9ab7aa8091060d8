//! Promise: each migration is applied once, whoever runs them how often, and none that was applied
//! is ever another.

use std::{fs, time::Duration};

use anyhow::{Context, Result};
use testkit::{Migrations, OwnStack, Part, User, eventually, own_stack};

use crate::fixture::Fixture;

/// Long enough for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);
const README: &str = include_str!("../../../../sql/README.md");

/// A database of a test's own, and migrations for it.
async fn fresh() -> Result<(Fixture, Migrations)> {
    let fixture = Fixture::new().await?;
    let migrations = fixture.migrations().await?;
    Ok((fixture, migrations))
}

async fn applied(fixture: &Fixture) -> Result<Vec<String>> {
    let names = fixture.query("SELECT name FROM {db}.migrations ORDER BY version").await?;
    Ok(names.lines().map(str::to_owned).collect())
}

async fn no_lock(fixture: &Fixture) -> Result<()> {
    let left = "SELECT count() FROM system.tables WHERE database = '{db}' AND name LIKE '%lock%'";
    assert_eq!(fixture.query(left).await?, "0", "a lock is left behind");
    Ok(())
}

/// The names of the files.
fn files(migrations: &Migrations) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(migrations.folder())? {
        let name = entry?.file_name().into_string().ok().context("a strange name")?;
        names.extend(name.strip_suffix(".sql").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

#[tokio::test]
async fn a_second_run_has_nothing_to_do() -> Result<()> {
    let (fixture, migrations) = fresh().await?;
    let names = files(&migrations)?;
    let said = migrations.apply(&[]).await?;
    for name in &names {
        assert!(said.contains(&format!("applied {name}")), "{name}: {said:?}");
    }
    assert_eq!(migrations.apply(&[]).await?, ["nothing to do"]);
    assert_eq!(applied(&fixture).await?, names);
    no_lock(&fixture).await
}

#[tokio::test]
async fn several_at_once_apply_each_once() -> Result<()> {
    let (fixture, migrations) = fresh().await?;
    let run = || migrations.apply(&[]);
    let (a, b, c, d) = tokio::join!(run(), run(), run(), run());
    let said = [a?, b?, c?, d?];
    let idle = said.iter().filter(|said| *said == &["nothing to do"]).count();
    assert_eq!(idle, 3, "one does it all: {said:?}");
    assert_eq!(applied(&fixture).await?, files(&migrations)?);
    Ok(())
}

/// One that is killed cannot take its lock away.
#[tokio::test]
async fn a_lock_left_behind_is_broken_when_it_is_old() -> Result<()> {
    let (fixture, migrations) = fresh().await?;
    let lock = "CREATE TABLE {db}.migrations_lock (nothing UInt8) ENGINE = Null COMMENT 'a'";
    fixture.query(lock).await?;
    let ran = migrations.run(&[("MIGRATIONS_LOCK_S", "2")]).await?;
    assert!(ran.success, "{}", ran.complaint);
    for part in ["waiting for another run", "breaking a lock"] {
        assert!(ran.complaint.contains(part), "{part}: {}", ran.complaint);
    }
    assert_eq!(applied(&fixture).await?, files(&migrations)?);
    no_lock(&fixture).await
}

#[tokio::test]
async fn files_that_do_not_fit_what_was_applied_are_refused() -> Result<()> {
    let (fixture, migrations) = fresh().await?;
    migrations.apply(&[]).await?;
    let before = applied(&fixture).await?;
    let path = |name: &str| migrations.folder().join(name);

    let sales = fs::read_to_string(path("0001_sales.sql"))?;
    fs::write(path("0001_sales.sql"), format!("{sales}\n-- a word more\n"))?;
    fs::write(path("0099_more.sql"), "CREATE TABLE IF NOT EXISTS more (a Int8) ENGINE = Null;\n")?;
    refused(&migrations, "0001_sales was edited after it was applied").await?;
    fs::write(path("0001_sales.sql"), &sales)?;

    fs::rename(path("0004_sales_by_hour.sql"), migrations.folder().join("away"))?;
    refused(&migrations, "0004_sales_by_hour was applied and is not here").await?;
    fs::rename(migrations.folder().join("away"), path("0004_sales_by_hour.sql"))?;

    fs::write(path("0099_other.sql"), "SELECT 1;\n")?;
    refused(&migrations, "have the same number").await?;
    fs::remove_file(path("0099_other.sql"))?;

    fs::write(path("0100_Other.sql"), "SELECT 1;\n")?;
    refused(&migrations, "not a name like").await?;
    fs::remove_file(path("0100_Other.sql"))?;
    assert_eq!(applied(&fixture).await?, before, "something was applied all the same");

    assert_eq!(migrations.apply(&[]).await?, ["applied 0099_more"]);
    fs::write(path("0098_late.sql"), "SELECT 1;\n")?;
    refused(&migrations, "0098_late comes before 0099").await
}

async fn refused(migrations: &Migrations, why: &str) -> Result<()> {
    let ran = migrations.run(&[]).await?;
    assert!(!ran.success && ran.complaint.contains(why), "{why}: {ran:?}");
    Ok(())
}

#[tokio::test]
async fn one_that_fails_is_run_again_from_its_beginning() -> Result<()> {
    let (fixture, migrations) = fresh().await?;
    migrations.apply(&[]).await?;
    let path = migrations.folder().join("0099_more.sql");
    let first = "CREATE TABLE IF NOT EXISTS more (a Int8) ENGINE = Null;\n";
    fs::write(&path, format!("{first}ALTER TABLE nowhere ADD COLUMN b Int8;\n"))?;
    refused(&migrations, "0099_more failed").await?;
    assert!(!applied(&fixture).await?.contains(&"0099_more".to_owned()));
    // What was never applied may be edited.
    fs::write(&path, format!("{first}ALTER TABLE more ADD COLUMN IF NOT EXISTS b Int8;\n"))?;
    assert_eq!(migrations.apply(&[]).await?, ["applied 0099_more"]);
    let columns = "SELECT groupArray(name) FROM system.columns WHERE database = '{db}' \
                   AND table = 'more'";
    assert_eq!(fixture.query(columns).await?, "['a','b']");
    Ok(())
}

/// The topic's age counts, and it can be changed after the tables are there.
#[tokio::test]
async fn rows_go_when_their_days_are_over() -> Result<()> {
    let (fixture, migrations) = fresh().await?;
    migrations.apply(&[("SALES_TTL_DAYS", "0")]).await?;
    // A day that is long gone, one that is not, and one that no clock should show; the sale is
    // always an old one.
    fixture
        .query(
            "INSERT INTO {db}.sales (sku, ts, _timestamp) \
             SELECT arrayJoin([1, 2, 3]) AS n, now64() - INTERVAL 1000 DAY, \
             [now64() - INTERVAL 40 DAY, now64(), toDateTime64('2299-12-31 23:00:00', 3)][n]",
        )
        .await?;
    let kept = "SELECT groupArray(sku) FROM (SELECT sku FROM {db}.sales ORDER BY sku)";
    let until = async |wanted: &str| {
        let what = format!("{wanted} are left");
        eventually(&what, PATIENCE, async || {
            fixture.query(kept).await.is_ok_and(|found| found == wanted)
        })
        .await
    };
    let said = migrations.apply(&[("SALES_TTL_DAYS", "50")]).await?;
    assert_eq!(
        said,
        ["sales: rows stay for 50 days", "sales_connect: rows stay for 50 days"],
        "the days are changed"
    );
    fixture.query("OPTIMIZE TABLE {db}.sales FINAL").await?;
    until("[1,2,3]").await?;
    migrations.apply(&[("SALES_TTL_DAYS", "30")]).await?;
    until("[2,3]").await?;
    assert_eq!(migrations.apply(&[("SALES_TTL_DAYS", "30")]).await?, ["nothing to do"]);

    migrations.apply(&[("SALES_TTL_DAYS", "0")]).await?;
    let rules = "SELECT count() FROM system.tables WHERE database = '{db}' \
                 AND engine_full LIKE '% TTL %'";
    assert_eq!(fixture.query(rules).await?, "0");
    for wrong in ["-1", "1.5", "10000", "x"] {
        let ran = migrations.run(&[("SALES_TTL_DAYS", wrong)]).await?;
        assert!(!ran.success && ran.complaint.contains("SALES_TTL_DAYS"), "{wrong}: {ran:?}");
    }
    Ok(())
}

/// Adds an account that has the rights of the README and no others, and starts the server again.
async fn add_migrator(own: &OwnStack) -> Result<User> {
    let folder = own.stack().data_dir().join("conf");
    let text = fs::read_to_string(folder.join("users.xml"))?;
    let (_, rest) = text.split_once("<schema>").context("no such account")?;
    let (like, _) = rest.split_once("<grants>").context("no such account")?;
    let grants: String = README
        .lines()
        .filter(|line| line.starts_with("GRANT "))
        .map(|grant| format!("<query>{grant}</query>"))
        .collect();
    let added = format!(
        "<clickhouse><users><migrator>{like}<grants>{grants}</grants></migrator></users></clickhouse>"
    );
    fs::create_dir(folder.join("users.d"))?;
    fs::write(folder.join("users.d").join("migrator.xml"), added)?;
    own.stack().restart(Part::ClickHouse).await.context("start the server again")?;
    Ok(User { name: "migrator".to_owned(), password: own.servers()?.schema.password })
}

#[tokio::test]
async fn the_rights_that_the_readme_names_are_enough() -> Result<()> {
    let own = own_stack(&[Part::ClickHouse], |_| {}).await?;
    let migrator = add_migrator(&own).await?;
    let servers = own.servers()?;
    let admin = own.clickhouse()?;
    let migrations = Migrations::new(&admin, &migrator, "shop")?;
    migrations.apply(&[]).await?;
    migrations.apply(&[("SALES_TTL_DAYS", "30")]).await?;
    migrations.apply(&[("SALES_TTL_DAYS", "0")]).await?;

    // The sink has INSERT alone, the reader SELECT.
    let sink = admin.as_user(&servers.sink);
    sink.query("INSERT INTO shop.sales (qty, unit_price, currency) VALUES (2, 1.5, 'EUR')").await?;
    let reader = admin.as_user(&servers.reader);
    let names = "SELECT name FROM system.tables WHERE database = 'shop' AND engine = 'View'";
    let names = admin.query(names).await?;
    assert_eq!(names.lines().count(), 6, "{names}");
    for name in names.lines() {
        let rows = reader.query(&format!("SELECT count() FROM shop.{name}")).await?;
        assert_eq!(rows, "1", "{name}");
        assert!(sink.query(&format!("SELECT count() FROM shop.{name}")).await.is_err(), "{name}");
    }
    assert_eq!(reader.query("SELECT revenue FROM shop.revenue_per_minute").await?, "3");
    let elsewhere = admin.as_user(&migrator).query("CREATE DATABASE test_elsewhere").await;
    assert!(elsewhere.is_err(), "the account has more rights than it needs");
    own.stop().await
}
