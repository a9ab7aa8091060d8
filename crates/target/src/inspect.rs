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
    /// Its query in the server's spelling; empty when this account may not see it.
    pub select: String,
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
    /// Partition key expression; empty when there is one partition.
    pub partition_key: String,
    /// As [`Inspected::deduplication_window`]: without one of its own the view doubles rows that
    /// the table itself drops.
    pub deduplication_window: Option<u64>,
}

#[derive(Row, Deserialize)]
pub(crate) struct TableRow {
    pub(crate) engine: String,
    pub(crate) engine_full: String,
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
    as_select: String,
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
        let found = self.table_and_layout(database, table).await?;
        let Some((row, layout)) = found else { return Ok(None) };
        let views = self.views(&row).await?;
        Ok(Some(Inspected {
            layout,
            deduplication_window: window(&row.engine_full),
            engine: row.engine,
            engine_full: row.engine_full,
            partition_key: row.partition_key,
            sorting_key: row.sorting_key,
            views,
        }))
    }

    /// The columns of a table; `None` when there is none.
    pub(crate) async fn layout(
        &self,
        database: &str,
        table: &str,
    ) -> Result<Option<TableLayout>, TargetError> {
        let columns = self.columns(database, table).await?;
        let (database, table) = (database.to_owned(), table.to_owned());
        Ok((!columns.is_empty()).then_some(TableLayout { database, table, columns }))
    }

    /// A table and its columns; `None` when there is none, or it goes between the questions.
    pub(crate) async fn table_and_layout(
        &self,
        database: &str,
        table: &str,
    ) -> Result<Option<(TableRow, TableLayout)>, TargetError> {
        let Some(row) = self.table_row(database, table).await? else { return Ok(None) };
        Ok(self.layout(database, table).await?.map(|layout| (row, layout)))
    }

    pub(crate) async fn table_row(
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
            // A view left out would make the promise behind it false.
            if seen.len() > VIEWS_MAX {
                let reason = format!("more than {VIEWS_MAX} materialized views behind one table");
                return Err(TargetError::Unreadable(reason));
            }
            let mut view = View { database, name, target: None, select: String::new() };
            if let Some(row) = self.view_row(&view.database, &view.name).await? {
                view.target = self.view_target(&row, &mut open, &mut seen).await?;
                view.select = row.as_select;
            }
            views.push(view);
        }
        views.sort_by(|a, b| (&a.database, &a.name).cmp(&(&b.database, &b.name)));
        Ok(views)
    }

    async fn view_row(&self, database: &str, name: &str) -> Result<Option<ViewRow>, TargetError> {
        let query = self
            .schema
            .query("SELECT ?fields FROM system.tables WHERE database = ? AND name = ?")
            .bind(database)
            .bind(name);
        match self.ask(query.fetch_optional::<ViewRow>()).await {
            Err(TargetError::Refused(error)) if error.code == UNKNOWN_IDENTIFIER => Ok(None),
            answer => answer,
        }
    }

    /// The table a view writes to, whose own views are added to those still open.
    async fn view_target(
        &self,
        view: &ViewRow,
        open: &mut Vec<(String, String)>,
        seen: &mut HashSet<(String, String)>,
    ) -> Result<Option<ViewTarget>, TargetError> {
        let (database, table) = (view.target_database.clone(), view.target_table.clone());
        if table.is_empty() {
            return Ok(None);
        }
        let Some(row) = self.table_row(&database, &table).await? else { return Ok(None) };
        open.extend(dependants(&row).into_iter().filter(|next| seen.insert(next.clone())));
        Ok(Some(ViewTarget {
            database,
            table,
            deduplication_window: window(&row.engine_full),
            engine: row.engine,
            partition_key: row.partition_key,
        }))
    }
}

/// Whether a block of these columns, by name and type, still goes into a table as it was made to:
/// each is there, with that type, and takes values. Columns that the table has besides do not
/// matter, because their defaults fill them.
pub fn fits<'a>(
    layout: &TableLayout,
    columns: impl IntoIterator<Item = (&'a str, &'a ColumnType)>,
) -> bool {
    columns.into_iter().all(|(name, column_type)| {
        layout.column(name).is_some_and(|column| {
            let computed = matches!(column.default, DefaultKind::Materialized | DefaultKind::Alias);
            !computed && column.column_type == *column_type
        })
    })
}

fn dependants(row: &TableRow) -> Vec<(String, String)> {
    row.dependencies_database.iter().cloned().zip(row.dependencies_table.iter().cloned()).collect()
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
