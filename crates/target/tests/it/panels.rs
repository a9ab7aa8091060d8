//! Promise: each panel on the data gets from ClickHouse, as the account of Grafana, what it draws.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use testkit::ClickHouse;

use crate::shop::{HOUR_MS, MINUTE_MS, NOON_MS, Sale, Shop};

const DASHBOARDS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../observability/grafana/dashboards");

/// A panel that asks ClickHouse.
struct Panel {
    title: String,
    /// How Grafana draws it.
    kind: String,
    /// 0: time series, 1: table.
    format: u64,
    sql: String,
}

/// What ClickHouse answers.
struct Answer {
    /// Names and types, without what says that a value may be missing or repeats.
    columns: Vec<(String, String)>,
    rows: Vec<Vec<Value>>,
}

/// The panels of all dashboards whose queries are for ClickHouse.
fn panels() -> Result<Vec<Panel>> {
    let mut panels = Vec::new();
    for entry in fs::read_dir(Path::new(DASHBOARDS)).context("look for dashboards")? {
        let dashboard: Value = serde_json::from_str(&fs::read_to_string(entry?.path())?)?;
        for panel in dashboard["panels"].as_array().context("a dashboard without panels")? {
            let text = |key: &str| panel[key].as_str().unwrap_or_default().to_owned();
            let targets = panel["targets"].as_array().into_iter().flatten();
            for asked in targets.filter(|asked| asked["rawSql"].is_string()) {
                panels.push(Panel {
                    title: text("title"),
                    kind: text("type"),
                    format: asked["format"].as_u64().context("a query without format")?,
                    sql: asked["rawSql"].as_str().unwrap_or_default().to_owned(),
                });
            }
        }
    }
    Ok(panels)
}

/// Puts in the place of macros what version 4 of the plugin for ClickHouse puts there, when
/// `range_s` is chosen, in seconds since 1970.
fn expanded(sql: &str, range_s: (i64, i64)) -> Result<String> {
    let (from, to) = (format!("toDateTime({})", range_s.0), format!("toDateTime({})", range_s.1));
    let mut sql = sql.replace("$__fromTime", &from).replace("$__toTime", &to);
    while let Some((before, rest)) = sql.split_once("$__timeFilter(") {
        let (column, after) = rest.split_once(')').context("no end of $__timeFilter")?;
        sql = format!("{before}{column} >= {from} AND {column} <= {to}{after}");
    }
    ensure!(!sql.contains('$'), "an unknown macro or variable: {sql}");
    Ok(sql)
}

async fn ask(reader: &ClickHouse, sql: &str) -> Result<Answer> {
    let text = reader.query(&format!("{sql} FORMAT JSONCompact")).await?;
    let answer: Value = serde_json::from_str(&text)?;
    let list = |key: &str| answer[key].as_array().cloned().context("an answer of another form");
    let bare = |of: &Value| {
        let mut bare = of.as_str().unwrap_or_default();
        for around in ["LowCardinality(", "Nullable("] {
            bare = bare.strip_prefix(around).map_or(bare, |rest| rest.trim_end_matches(')'));
        }
        bare.to_owned()
    };
    let columns = list("meta")?;
    let columns = columns.iter().map(|one| (bare(&one["name"]), bare(&one["type"]))).collect();
    let rows = list("data")?;
    let rows = rows.iter().map(|row| row.as_array().cloned().unwrap_or_default()).collect();
    Ok(Answer { columns, rows })
}

/// A type of ClickHouse that becomes a number without a loss.
fn is_number(of: &str) -> bool {
    ["Int", "UInt", "Float"].iter().any(|kind| of.starts_with(kind))
}

fn is_time(of: &str) -> bool {
    of.starts_with("DateTime")
}

/// Checks that Grafana can draw the answer as the panel wants it.
fn check(panel: &Panel, Answer { columns, rows }: &Answer) -> Result<()> {
    let types: Vec<&str> = columns.iter().map(|(_, of)| of.as_str()).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    ensure!(!rows.is_empty(), "no rows");
    match panel.kind.as_str() {
        "stat" => {
            ensure!(panel.format == 1 && rows.len() == 1, "not one row of a table");
            ensure!(types.len() == 1 && is_number(types[0]), "not one number: {types:?}");
            ensure!(!rows[0][0].is_null(), "nothing to show");
        }
        "timeseries" => {
            ensure!(panel.format == 0, "not asked for as a time series");
            ensure!(names[0] == "time" && is_time(types[0]), "no time: {columns:?}");
            let numbers = types[1..].iter().filter(|of| is_number(of)).count();
            let texts = types[1..].iter().filter(|of| **of == "String").count();
            ensure!(numbers == 1 && texts == 1, "not one line for each name: {columns:?}");
            let times: Vec<&str> = rows.iter().filter_map(|row| row[0].as_str()).collect();
            ensure!(times.is_sorted(), "not in the order of time: {times:?}");
        }
        "barchart" => {
            ensure!(panel.format == 1, "not asked for as a table");
            ensure!(types.len() == 2 && types[0] == "String", "no name first: {columns:?}");
            ensure!(is_number(types[1]), "no length of a bar: {columns:?}");
        }
        "table" => {
            ensure!(panel.format == 1, "not asked for as a table");
            let known = |of: &&&str| {
                is_number(of) || is_time(of) || of.starts_with("Date") || **of == "String"
            };
            ensure!(types.iter().filter(known).count() == types.len(), "not shown: {columns:?}");
        }
        other => bail!("a panel of kind {other}: say here what it must be given"),
    }
    Ok(())
}

/// Sales of the last minutes, of which one is late and one is a return.
fn sales() -> Vec<Sale> {
    let sale = |offset: u64, qty, currency, channel, at_ms, delay_ms| {
        let ts = NOON_MS + at_ms;
        Sale { store: 1, qty, cents: 250, currency, channel, ts, offset, timestamp: ts + delay_ms }
    };
    vec![
        sale(0, 3, "EUR", "STORE", -10 * MINUTE_MS, 10),
        sale(1, 4, "USD", "WEB", -9 * MINUTE_MS, 10),
        sale(2, 1, "USD", "STORE", -9 * MINUTE_MS, HOUR_MS),
        sale(3, -2, "EUR", "STORE", -8 * MINUTE_MS, 10),
        // Before what is looked at.
        sale(4, 7, "EUR", "APP", -3 * HOUR_MS, 10),
    ]
}

#[tokio::test]
async fn every_panel_is_given_what_it_draws() -> Result<()> {
    let shop = Shop::new().await?;
    shop.insert("panels", &sales()).await?;
    let servers = testkit::stack().await?;
    let reader = servers.clickhouse().as_user(&servers.reader);
    let range_s = ((NOON_MS - HOUR_MS) / 1_000, NOON_MS / 1_000);
    let database = format!(" {}.", shop.fixture.database);

    let panels = panels()?;
    ensure!(panels.len() >= 10, "only {} panels ask ClickHouse", panels.len());
    let mut numbers = Vec::new();
    for panel in &panels {
        let sql = expanded(&panel.sql, range_s)?.replace(" shop.", &database);
        let checked = match ask(&reader, &sql).await {
            Ok(answer) => check(panel, &answer).map(|()| answer),
            Err(error) => Err(error),
        };
        let answer = checked.with_context(|| format!("{:?}: {sql}", panel.title))?;
        if panel.kind == "stat" {
            numbers.push((panel.title.as_str(), answer.rows[0][0].clone()));
        }
    }
    let number = |title: &str| {
        let found = numbers.iter().find(|(of, _)| *of == title).map(|(_, number)| number);
        found.map(|number| number.as_str().map_or_else(|| number.to_string(), str::to_owned))
    };
    assert_eq!(number("Sales").as_deref(), Some("4"), "those of the hour, with the return");
    assert_eq!(number("Pieces brought back").as_deref(), Some("0.25"), "2 of 8");
    assert_eq!(number("Doubled rows").as_deref(), Some("0"));
    Ok(())
}

#[test]
fn macros_are_those_of_the_plugin() -> Result<()> {
    let sql = "WHERE $__timeFilter(a) OR $__timeFilter(b) OR c = toDate32($__toTime)";
    assert_eq!(
        expanded(sql, (7, 9))?,
        "WHERE a >= toDateTime(7) AND a <= toDateTime(9) OR b >= toDateTime(7) AND b <= \
         toDateTime(9) OR c = toDate32(toDateTime(9))"
    );
    assert!(expanded("WHERE $__dateFilter(a)", (7, 9)).is_err());
    Ok(())
}
