//! The tables of docs/security.md and a running stack in, where they differ out.
//!
//! The document is the declaration: every cell of its tables is tried, with that account's own
//! password or in that container's own network, and what is found must be what is written.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};

use super::stack::Stack;

mod clickhouse;
mod containers;
mod kafka;
mod table;
mod tokens;

use self::table::Table;

/// Where the tables are.
const DOCUMENT: &str = include_str!("../../../docs/security.md");

/// By row and column: what was found.
type Found = BTreeMap<(String, String), String>;

/// Walks all tables. Returns how many cells were tried.
///
/// # Errors
///
/// When a cell differs, or cannot be tried; all that differ are named.
pub(super) fn walk(stack: &Stack) -> anyhow::Result<usize> {
    let secrets = secrets(stack)?;
    let (mut tried, mut complaints) = (0, Vec::new());
    let mut hold = |name: &str, find: &dyn Fn(&Table) -> anyhow::Result<Found>| {
        let table = Table::read(DOCUMENT, name)?;
        let found = find(&table).with_context(|| format!("try the table {name}"))?;
        tried += found.len();
        complaints.extend(table.differences(&found));
        anyhow::Ok(())
    };
    hold("kafka", &|table| kafka::walk(stack, &secrets, table))?;
    hold("clickhouse", &|table| clickhouse::walk(stack, &secrets, table))?;
    hold("admin-api", &|table| tokens::walk(stack, &secrets, table))?;
    hold("networks", &|table| containers::walk(stack, table))?;
    containers::hardened(stack)?;
    ensure!(complaints.is_empty(), "docs/security.md is not true:\n{}", complaints.join("\n"));
    Ok(tried)
}

/// All secrets of the stack by name.
fn secrets(stack: &Stack) -> anyhow::Result<BTreeMap<String, String>> {
    let program = "/usr/local/lib/penstock/secrets";
    let script =
        format!("for name in $({program} list); do echo \"$name $({program} show $name)\"; done");
    let told = stack.tool(&["--no-deps", "secrets", "bash", "-c", &script])?;
    let pairs = told.lines().filter_map(|line| line.split_once(' '));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The password of an account of `server`.
fn password<'a>(
    secrets: &'a BTreeMap<String, String>,
    server: &str,
    account: &str,
) -> anyhow::Result<&'a str> {
    let name = format!("{server}-{account}");
    Ok(secrets.get(&name).with_context(|| format!("there is no secret {name}"))?)
}
