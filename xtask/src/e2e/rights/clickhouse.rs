//! Accounts of ClickHouse in, which statements it takes from each out.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};

use super::{Found, Stack, password, table::Table};

/// What the statements are about, made anew before each.
const PREPARED: [&str; 4] = [
    "CREATE DATABASE IF NOT EXISTS elsewhere",
    "CREATE TABLE IF NOT EXISTS shop.rights (x UInt8) ENGINE = MergeTree ORDER BY x",
    "CREATE TABLE IF NOT EXISTS elsewhere.rights (x UInt8) ENGINE = MergeTree ORDER BY x",
    "DROP VIEW IF EXISTS shop.rights_view",
];
/// And what remains of them in the end.
const CLEARED: [&str; 4] = [
    "DROP VIEW IF EXISTS shop.rights_view",
    "DROP TABLE IF EXISTS shop.rights",
    "DROP DATABASE IF EXISTS elsewhere",
    "DROP DATABASE IF EXISTS further",
];
/// Access denied; and not while only reading is allowed.
const NO: [&str; 2] = ["497", "164"];
/// Said only to somebody who may: there is no storage for accounts beside the files; that path is
/// not for files.
const YES: [&str; 4] = ["495", "514", "291", "107"];
/// A line of account, password and statement in, the code of its error or 0 out.
const SCRIPT: &str = r#"
while IFS=$'\t' read -r user password statement; do
    if told=$(CLICKHOUSE_PASSWORD=$password clickhouse-client --host clickhouse --user "$user" \
        --query "$statement" 2>&1 > /dev/null < /dev/null); then echo 0; continue; fi
    code=$(grep -oE 'Code: [0-9]+' <<< "$told" | head -n 1)
    echo "${code#Code: }"
done"#;

/// Tries every statement as every account, each account with its own password.
pub(super) fn walk(
    stack: &Stack,
    secrets: &BTreeMap<String, String>,
    table: &Table,
) -> anyhow::Result<Found> {
    let admin = password(secrets, "clickhouse", "admin")?;
    let line = |user: &str, password: &str, sql: &str| format!("{user}\t{password}\t{sql}\n");
    let mut lines = String::new();
    for (statement, _) in &table.rows {
        for account in &table.columns {
            lines.extend(PREPARED.map(|sql| line("admin", admin, sql)));
            lines += &line(account, password(secrets, "clickhouse", account)?, statement);
        }
    }
    lines.extend(CLEARED.map(|sql| line("admin", admin, sql)));
    let args = ["run", "--rm", "-T", "--entrypoint", "bash", "clickhouse-client", "-c", SCRIPT];
    let told = stack.compose_with(&args, Some(&lines))?;
    let mut codes = told.lines();
    let mut found = Found::new();
    for (statement, _) in &table.rows {
        for account in &table.columns {
            for sql in PREPARED {
                let code = codes.next().context("too few answers")?;
                ensure!(code == "0", "{sql}: error {code}");
            }
            let may = match codes.next().context("too few answers")? {
                "0" => "yes".to_owned(),
                code if YES.contains(&code) => "yes".to_owned(),
                code if NO.contains(&code) => "-".to_owned(),
                code => format!("error {code}"),
            };
            found.insert((statement.clone(), account.clone()), may);
        }
    }
    Ok(found)
}
