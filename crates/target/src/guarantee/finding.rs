//! What was seen in, one sentence on what it means and what to do about it out.

use schema_map::quoted;
use serde::{Serialize, Serializer};

use super::judge::{WINDOW_RECOMMENDED, WINDOW_REQUIRED};

/// One thing about a target that a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// Which table, view or server.
    pub subject: String,
    /// What it means and what to do, with the statement to run where there is one.
    pub detail: String,
    /// Whether it costs exactly-once.
    pub weakens: bool,
}

/// What a finding can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FindingKind {
    /// The server is older than the oldest version that is tested, or of an unknown one.
    ServerVersion,
    /// Connections to the address end at different servers.
    SeveralServers,
    /// The server does not say which one it is.
    ServerUnknown,
    /// Tokens are not tested with the table's engine.
    Engine,
    /// The table remembers no tokens.
    NoWindow,
    /// The table remembers too few tokens.
    WindowTooSmall,
    /// The table remembers enough tokens, and fewer than are recommended.
    WindowBelowRecommended,
    /// What a materialized view does with its rows cannot be seen.
    ViewUnseen,
    /// The partition key depends on more than the row.
    PartitionKey,
    /// A column of the partition key is filled by what depends on more than the row.
    PartitionDefault,
    /// A materialized view makes rows that depend on more than its input, and its table is
    /// partitioned.
    PartitionView,
    /// Rows cannot be told by offset: the table lacks the columns.
    RowCheckColumns,
    /// Counted rows of the table say nothing about those behind its views.
    RowCheckViews,
    /// The engine makes fewer or other rows of those inserted.
    RowCheckEngine,
    /// Rows cannot be counted: the account may not read the table.
    SelectGrant,
}

impl FindingKind {
    /// As it is spelled for machines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServerVersion => "server-version",
            Self::SeveralServers => "several-servers",
            Self::ServerUnknown => "server-unknown",
            Self::Engine => "engine",
            Self::NoWindow => "no-window",
            Self::WindowTooSmall => "window-too-small",
            Self::WindowBelowRecommended => "window-below-recommended",
            Self::ViewUnseen => "view-unseen",
            Self::PartitionKey => "partition-key",
            Self::PartitionDefault => "partition-default",
            Self::PartitionView => "partition-view",
            Self::RowCheckColumns => "row-check-columns",
            Self::RowCheckViews => "row-check-views",
            Self::RowCheckEngine => "row-check-engine",
            Self::SelectGrant => "select-grant",
        }
    }
}

impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A table's name as a sentence shows it.
pub(super) fn shown(database: &str, table: &str) -> String {
    format!("{database}.{table}")
}

fn finding(kind: FindingKind, weakens: bool, subject: String, detail: String) -> Finding {
    Finding { kind, subject, detail, weakens }
}

pub(super) fn server_version(version: &str) -> Finding {
    let detail = "exactly once is tested from 25.8 on: upgrade the server".to_owned();
    finding(FindingKind::ServerVersion, true, format!("clickhouse {version}"), detail)
}

pub(super) fn several_servers(count: usize) -> Finding {
    let detail = format!(
        "{count} different servers answered, and each remembers only its own inserts: give the \
         address of one of them"
    );
    finding(FindingKind::SeveralServers, true, "the clickhouse address".to_owned(), detail)
}

pub(super) fn server_unknown() -> Finding {
    let detail = "serverUUID() is all zeros, so nothing shows that one server alone answers: \
                  make sure that no load balancer is in between"
        .to_owned();
    finding(FindingKind::ServerUnknown, false, "the clickhouse address".to_owned(), detail)
}

pub(super) fn engine(table: String, engine: &str, accepted: bool) -> Finding {
    let detail = if accepted {
        format!("exactly once is not verified for engine {engine}: accepted by the pipeline")
    } else {
        format!(
            "exactly once is not verified for engine {engine}: use one of the MergeTree family \
             without Replicated or Shared, or set target.accept_unverified_engine"
        )
    };
    finding(FindingKind::Engine, !accepted, table, detail)
}

/// About a window; `None` when it is as recommended.
pub(super) fn window(database: &str, table: &str, found: u64) -> Option<Finding> {
    let (kind, weakens, what) = match found {
        0 => (
            FindingKind::NoWindow,
            true,
            "it remembers no inserts, so that a repeated one doubles its rows".to_owned(),
        ),
        _ if found < WINDOW_REQUIRED => (
            FindingKind::WindowTooSmall,
            true,
            format!(
                "it remembers {found} inserts, too few to outlast an outage: at least \
                 {WINDOW_REQUIRED} are required, {WINDOW_RECOMMENDED} recommended"
            ),
        ),
        _ if found < WINDOW_RECOMMENDED => (
            FindingKind::WindowBelowRecommended,
            false,
            format!("it remembers {found} inserts: {WINDOW_RECOMMENDED} are recommended"),
        ),
        _ => return None,
    };
    let detail = format!(
        "{what}: ALTER TABLE {}.{} MODIFY SETTING non_replicated_deduplication_window = \
         {WINDOW_RECOMMENDED}",
        quoted(database),
        quoted(table)
    );
    Some(finding(kind, weakens, shown(database, table), detail))
}

pub(super) fn view_unseen(view: String, account: &str) -> Finding {
    let detail = format!(
        "account {account} cannot see this materialized view or the table it writes to, so that \
         rows there may double: grant it SHOW and SELECT on both"
    );
    finding(FindingKind::ViewUnseen, true, view, detail)
}

pub(super) fn partition_key(table: String, what: &str) -> Finding {
    let detail = format!(
        "its partition key depends on {what}: an insert repeated later could land in another \
         partition, where it is not remembered. Create the table anew, partitioned by columns of \
         the row"
    );
    finding(FindingKind::PartitionKey, true, table, detail)
}

/// `column` is in the key; `through` is the one whose expression, of that kind, holds `what`.
pub(super) fn partition_default(
    (database, table): (&str, &str),
    column: &str,
    (through, kind): (&str, &str),
    what: &str,
) -> Finding {
    let detail = format!(
        "column {column} of its partition key can be filled by {what}: an insert repeated later \
         could land in another partition, where it is not remembered: ALTER TABLE {}.{} MODIFY \
         COLUMN {} REMOVE {kind}",
        quoted(database),
        quoted(table),
        quoted(through)
    );
    finding(FindingKind::PartitionDefault, true, shown(database, table), detail)
}

pub(super) fn partition_view(view: String, table: &str, what: &str) -> Finding {
    let detail = format!(
        "it uses {what}, and its table {table} is partitioned: rows repeated later could land in \
         another partition, where they are not remembered. Take it out of the view's query, or \
         let the view write to a table without partitions"
    );
    finding(FindingKind::PartitionView, true, view, detail)
}

pub(super) fn row_check_columns(table: String) -> Finding {
    let detail = "without columns _topic, _partition and _offset nobody can tell which rows have \
                  arrived: once a table has forgotten an insert in doubt, the pipeline stops for \
                  a person to decide"
        .to_owned();
    finding(FindingKind::RowCheckColumns, false, table, detail)
}

pub(super) fn row_check_views(table: String) -> Finding {
    let detail = "its rows do not tell whether those behind its views have arrived: once a table \
                  has forgotten an insert in doubt, the pipeline stops for a person to decide"
        .to_owned();
    finding(FindingKind::RowCheckViews, false, table, detail)
}

pub(super) fn row_check_engine(table: String, engine: &str) -> Finding {
    let detail = format!(
        "engine {engine} does not keep every row that arrives, so that a count proves nothing: \
         once a table has forgotten an insert in doubt, the pipeline stops for a person to decide"
    );
    finding(FindingKind::RowCheckEngine, false, table, detail)
}

pub(super) fn select_grant(database: &str, table: &str, account: &str) -> Finding {
    let detail = format!(
        "account {account} may not count its rows and inserts: GRANT SELECT ON {}.{} TO {}",
        quoted(database),
        quoted(table),
        quoted(account)
    );
    finding(FindingKind::SelectGrant, false, shown(database, table), detail)
}
