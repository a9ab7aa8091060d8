//! A table's name in, its layout and what deduplication it can give out.

use std::collections::HashSet;

use clickhouse::Row;
use schema_map::{ColumnType, DefaultKind, TableColumn, TableLayout};
use serde::{Deserialize, Serialize};

use crate::client::{Target, TargetError};

/// More columns than any table that can be inserted into at a useful speed.
const COLUMNS_MAX: usize = 10_000;
/// Views followed behind one table.
const VIEWS_MAX: usize = 100;
/// The server's code for a column that its version of a system table does not have.
const UNKNOWN_IDENTIFIER: u32 = 47;

/// A table as the server describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Its columns.
    pub layout: TableLayout,
    /// Its engine without arguments, such as `MergeTree`.
    pub engine: String,
    /// Its engine with arguments, keys and settings, in the server's spelling.
    pub engine_full: String,
    /// Partition key expression; empty when there is one partition.
    pub partition_key: String,
    /// Sorting key expression; empty when there is none.
    pub sorting_key: String,
    /// How many blocks the table remembers (`non_replicated_deduplication_window`), as its own
    /// settings say. `None` when they do not: then the server's default holds, which is 0, so
    /// that a token protects nothing.
    pub deduplication_window: Option<u64>,
    /// The materialized views that its inserts feed, directly or through another view.
    pub views: Vec<View>,
}

/// A materialized view behind a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    /// Database of the view.
    pub database: String,
    /// Name of the view.
    pub name: String,
    /// The table it writes to. `None` when this account may not see it or the server is too old
    /// to tell.
    pub target: Option<ViewTarget>,
}

/// The table a materialized view writes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ViewTarget {
    /// Its database.
    pub database: String,
    /// Its name.
    pub table: String,
    /// Its engine without arguments.
    pub engine: String,
    /// As [`Inspected::deduplication_window`]: without one of its own the view doubles rows that
    /// the table itself drops.
    pub deduplication_window: Option<u64>,
}

#[derive(Row, Deserialize)]
struct TableRow {
    engine: String,
    engine_full: String,
    partition_key: String,
    sorting_key: String,
    dependencies_database: Vec<String>,
    dependencies_table: Vec<String>,
}

#[derive(Row, Deserialize)]
struct ColumnRow {
    name: String,
    r#type: String,
    default_kind: String,
}

#[derive(Row, Deserialize)]
struct ViewRow {
    target_database: String,
    target_table: String,
}

impl Target {
    /// Looks at a table; `None` when there is none, or none that the account may see.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn inspect(
        &self,
        database: &str,
        table: &str,
    ) -> Result<Option<Inspected>, TargetError> {
        let Some(row) = self.table_row(database, table).await? else { return Ok(None) };
        let columns = self.columns(database, table).await?;
        // Dropped between the two questions.
        if columns.is_empty() {
            return Ok(None);
        }
        let views = self.views(&row).await?;
        Ok(Some(Inspected {
            layout: TableLayout { database: database.to_owned(), table: table.to_owned(), columns },
            deduplication_window: window(&row.engine_full),
            engine: row.engine,
            engine_full: row.engine_full,
            partition_key: row.partition_key,
            sorting_key: row.sorting_key,
            views,
        }))
    }

    async fn table_row(
        &self,
        database: &str,
        table: &str,
    ) -> Result<Option<TableRow>, TargetError> {
        let query = self
            .schema
            .query("SELECT ?fields FROM system.tables WHERE database = ? AND name = ?")
            .bind(database)
            .bind(table);
        self.ask(query.fetch_optional::<TableRow>()).await
    }

    async fn columns(&self, database: &str, table: &str) -> Result<Vec<TableColumn>, TargetError> {
        let query = self
            .schema
            .query(
                "SELECT ?fields FROM system.columns WHERE database = ? AND table = ? \
                 ORDER BY position LIMIT ?",
            )
            .bind(database)
            .bind(table)
            .bind(COLUMNS_MAX + 1);
        let rows = self.ask(query.fetch_all::<ColumnRow>()).await?;
        if rows.len() > COLUMNS_MAX {
            let reason = format!("{database}.{table} has more than {COLUMNS_MAX} columns");
            return Err(TargetError::Unreadable(reason));
        }
        let column = |row: ColumnRow| match DefaultKind::parse(&row.default_kind) {
            Some(default) => {
                let column_type = ColumnType::parse(&row.r#type);
                Ok(TableColumn { name: row.name, column_type, default })
            }
            None => Err(TargetError::Unreadable(format!(
                "column {} has a default of an unknown kind, {}",
                row.name, row.default_kind
            ))),
        };
        rows.into_iter().map(column).collect()
    }

    /// Follows views from table to table; each view once, so that a loop ends.
    async fn views(&self, first: &TableRow) -> Result<Vec<View>, TargetError> {
        let mut open = dependants(first);
        let mut seen: HashSet<_> = open.iter().cloned().collect();
        let mut views = Vec::new();
        while let Some((database, name)) = open.pop() {
            let mut target = None;
            if let Some((to_database, to_table)) = self.view_target(&database, &name).await?
                && let Some(row) = self.table_row(&to_database, &to_table).await?
            {
                for next in dependants(&row) {
                    if seen.len() < VIEWS_MAX && seen.insert(next.clone()) {
                        open.push(next);
                    }
                }
                target = Some(ViewTarget {
                    database: to_database,
                    table: to_table,
                    deduplication_window: window(&row.engine_full),
                    engine: row.engine,
                });
            }
            views.push(View { database, name, target });
        }
        views.sort_by(|a, b| (&a.database, &a.name).cmp(&(&b.database, &b.name)));
        Ok(views)
    }

    async fn view_target(
        &self,
        database: &str,
        name: &str,
    ) -> Result<Option<(String, String)>, TargetError> {
        let query = self
            .schema
            .query("SELECT ?fields FROM system.tables WHERE database = ? AND name = ?")
            .bind(database)
            .bind(name);
        match self.ask(query.fetch_optional::<ViewRow>()).await {
            Ok(Some(row)) if !row.target_table.is_empty() => {
                Ok(Some((row.target_database, row.target_table)))
            }
            Ok(_) => Ok(None),
            Err(TargetError::Refused(error)) if error.code == UNKNOWN_IDENTIFIER => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn dependants(row: &TableRow) -> Vec<(String, String)> {
    let names =
        row.dependencies_database.iter().cloned().zip(row.dependencies_table.iter().cloned());
    names.take(VIEWS_MAX).collect()
}

/// Reads the window from an engine's clause as the server spells it, settings last.
fn window(engine_full: &str) -> Option<u64> {
    let (_, settings) = engine_full.rsplit_once("SETTINGS ")?;
    settings.split(", ").find_map(|setting| {
        let (name, value) = setting.split_once(" = ")?;
        (name == "non_replicated_deduplication_window").then(|| value.parse().ok())?
    })
}

#[cfg(test)]
mod tests;
