//! What the server said about a target in, what can be promised for it out.

use std::collections::BTreeSet;

use schema_map::DEDUPLICATION_WINDOW;

use super::{
    Delivery, Guarantee, GuaranteeOptions,
    finding::{self, shown},
    purity::{impurity, names},
};
use crate::{inspect::Inspected, row_check};

/// Least tokens that a table must remember: 50 inserts/s, which a pipeline makes at most, in an
/// outage of 100 s, twice over for other writers and inserts over several table partitions.
pub const WINDOW_REQUIRED: u64 = 10_000;
/// Tokens that a table should remember: as many as those that the sink creates, half an hour of
/// the same; each costs about 63 bytes of disk.
pub const WINDOW_RECOMMENDED: u64 = DEDUPLICATION_WINDOW as u64;
/// Oldest server version that is tested, the long-term release of August 2025.
const VERSION_LEAST: (u32, u32) = (25, 8);

/// Engines whose tokens are tested: those that keep their rows on one server, by themselves.
const VERIFIED: [&str; 8] = [
    "MergeTree",
    "ReplacingMergeTree",
    "SummingMergeTree",
    "AggregatingMergeTree",
    "CollapsingMergeTree",
    "VersionedCollapsingMergeTree",
    "GraphiteMergeTree",
    "CoalescingMergeTree",
];

/// All that was asked.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) version: String,
    /// `serverUUID()` of each connection.
    pub(super) servers: Vec<String>,
    /// Whether the address is on this machine.
    pub(super) loopback: bool,
    /// The account that looks.
    pub(super) account: String,
    pub(super) table: Inspected,
    /// The table and, once each, those its views write to; the table first.
    pub(super) tables: Vec<SeenTable>,
}

/// A table that rows end up in.
#[derive(Clone, Debug)]
pub(super) struct SeenTable {
    pub(super) database: String,
    pub(super) table: String,
    pub(super) engine: String,
    pub(super) partition_key: String,
    pub(super) window: Option<u64>,
    /// Columns, read only where there is a partition key.
    pub(super) columns: Vec<SeenColumn>,
    /// Whether the account that looks may read it.
    pub(super) readable: bool,
}

/// A column and what fills it.
#[derive(Clone, Debug)]
pub(super) struct SeenColumn {
    pub(super) name: String,
    /// `DEFAULT`, `MATERIALIZED` and so on; empty where there is no expression.
    pub(super) kind: String,
    pub(super) expression: String,
    pub(super) in_partition_key: bool,
}

/// Whether tokens are tested with the engine.
pub(crate) fn is_verified(engine: &str) -> bool {
    VERIFIED.contains(&engine)
}

pub(super) fn judge(seen: &Seen, options: &GuaranteeOptions) -> Guarantee {
    let mut findings = Vec::new();
    if !is_supported(&seen.version) {
        findings.push(finding::server_version(&seen.version));
    }
    let servers: BTreeSet<&str> = seen.servers.iter().map(String::as_str).collect();
    match servers.len() {
        0 | 1 if seen.loopback || servers.iter().any(|id| !is_zero(id)) => {}
        0 | 1 => findings.push(finding::server_unknown()),
        several => findings.push(finding::several_servers(several)),
    }
    for table in &seen.tables {
        let name = shown(&table.database, &table.table);
        if is_verified(&table.engine) {
            let window = table.window.unwrap_or(0);
            findings.extend(finding::window(&table.database, &table.table, window));
        } else {
            let accepted = options.accept_unverified_engine;
            findings.push(finding::engine(name, &table.engine, accepted));
        }
        findings.extend(partition_key(table));
        if !table.readable {
            findings.push(finding::select_grant(&table.database, &table.table, &seen.account));
        }
    }
    findings.extend(seen.table.views.iter().filter_map(|view| {
        let name = shown(&view.database, &view.name);
        let Some(target) = &view.target else {
            return Some(finding::view_unseen(name, &seen.account));
        };
        if target.partition_key.is_empty() {
            return None;
        }
        let what = impurity(&view.select, |_| false)?;
        Some(finding::partition_view(name, &shown(&target.database, &target.table), &what))
    }));
    let no_row_check = no_row_check(&seen.table);
    let readable = seen.tables.first().is_some_and(|table| table.readable);
    let row_check = no_row_check.is_none() && readable;
    findings.extend(no_row_check);

    let weak = findings.iter().any(|finding| finding.weakens);
    // What an engine that is not verified remembers is not known.
    let window =
        |table: &SeenTable| table.window.filter(|_| is_verified(&table.engine)).unwrap_or(0);
    let name = |table: &SeenTable| (table.database.clone(), table.table.clone());
    Guarantee {
        delivery: if weak { Delivery::AtLeastOnce } else { Delivery::ExactlyOnce },
        findings,
        window: seen.tables.iter().map(window).min().unwrap_or(0),
        row_check,
        views: !seen.table.views.is_empty(),
        tables: seen.tables.iter().map(name).collect(),
    }
}

fn is_supported(version: &str) -> bool {
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(year)), Some(Ok(month))) => (year, month) >= VERSION_LEAST,
        _ => false,
    }
}

fn is_zero(id: &str) -> bool {
    id.chars().all(|c| matches!(c, '0' | '-'))
}

/// Rule R0: a repetition is recognised within its table partition only, so nothing but the row
/// may decide into which it falls.
fn partition_key(table: &SeenTable) -> Option<finding::Finding> {
    let column = |name: &str| table.columns.iter().find(|column| column.name == name);
    let is_column = |name: &str| column(name).is_some();
    if let Some(what) = impurity(&table.partition_key, is_column) {
        return Some(finding::partition_key(shown(&table.database, &table.table), &what));
    }
    for key in table.columns.iter().filter(|column| column.in_partition_key) {
        let mut open = vec![key];
        let mut seen: BTreeSet<&str> = BTreeSet::from([key.name.as_str()]);
        while let Some(next) = open.pop() {
            if let Some(what) = impurity(&next.expression, is_column) {
                let at = (table.database.as_str(), table.table.as_str());
                let through = (next.name.as_str(), next.kind.as_str());
                return Some(finding::partition_default(at, &key.name, through, &what));
            }
            for name in names(&next.expression).others {
                if let Some(column) = column(&name)
                    && seen.insert(&column.name)
                {
                    open.push(column);
                }
            }
        }
    }
    None
}

/// Rule R9 counts rows: why that would prove nothing here.
fn no_row_check(table: &Inspected) -> Option<finding::Finding> {
    let name = shown(&table.layout.database, &table.layout.table);
    if !row_check::has_columns(&table.layout) {
        Some(finding::row_check_columns(name))
    } else if !row_check::keeps_rows(&table.engine, &table.engine_full) {
        Some(finding::row_check_engine(name, &table.engine))
    } else if !table.views.is_empty() {
        Some(finding::row_check_views(name))
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
