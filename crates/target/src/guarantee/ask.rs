//! A table's name in, all that the server says about it out.

use std::time::Duration;

use bytes::Bytes;
use clickhouse::Row;
use schema_map::quoted;
use serde::Deserialize;
use tokio::time::Instant;

use super::judge::{Seen, SeenColumn, SeenTable};
use crate::{
    client::{Target, TargetError},
    insert,
    inspect::Inspected,
    settings::is_loopback,
};

/// Connections asked which server they reach: of two servers behind a balancer that throws dice,
/// the chance to see only one is 1 in 128.
const CONNECTIONS: usize = 8;
/// The token of the insert without rows.
pub const NO_ROWS_TOKEN: &str = "penstock:no-rows";

#[derive(Row, Deserialize)]
struct ColumnRow {
    name: String,
    default_kind: String,
    default_expression: String,
    is_in_partition_key: u8,
}

impl Target {
    pub(super) async fn see(&self, database: &str, table: &str) -> Result<Seen, TargetError> {
        self.check_pinned().await?;
        let seen = self.look(database, table).await?;
        self.insert_nothing(database, table).await?;
        Ok(seen)
    }

    /// The same, without what only the inserting account can find out.
    pub(super) async fn look(&self, database: &str, table: &str) -> Result<Seen, TargetError> {
        let version = self.server_version().await?;
        let inspected = self.inspect(database, table).await?;
        let inspected = inspected.ok_or_else(|| TargetError::no_table(database, table))?;
        let mut tables = tables(&inspected);
        for table in &mut tables {
            if !table.partition_key.is_empty() {
                table.columns = self.key_columns(&table.database, &table.table).await?;
            }
            let mark = self.block_mark(&table.database, &table.table, &table.engine).await;
            table.readable = readable(mark)?;
        }
        self.seen(version, inspected, tables).await
    }

    /// Adds what does not depend on the table.
    pub(super) async fn seen(
        &self,
        version: String,
        table: Inspected,
        tables: Vec<SeenTable>,
    ) -> Result<Seen, TargetError> {
        Ok(Seen {
            version,
            servers: self.servers().await?,
            loopback: url::Url::parse(&self.settings.url).is_ok_and(|url| is_loopback(&url)),
            account: self.settings.schema_user.clone(),
            table,
            tables,
        })
    }

    async fn key_columns(
        &self,
        database: &str,
        table: &str,
    ) -> Result<Vec<SeenColumn>, TargetError> {
        let query = self
            .schema
            .query("SELECT ?fields FROM system.columns WHERE database = ? AND table = ?")
            .bind(database)
            .bind(table);
        let rows = self.ask(query.fetch_all::<ColumnRow>()).await?;
        let column = |row: ColumnRow| SeenColumn {
            name: row.name,
            kind: row.default_kind,
            expression: row.default_expression,
            in_partition_key: row.is_in_partition_key != 0,
        };
        Ok(rows.into_iter().map(column).collect())
    }

    /// Which server answers, on connections of their own.
    async fn servers(&self) -> Result<Vec<String>, TargetError> {
        let mut servers = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            let query = self.fresh.query("SELECT toString(serverUUID())");
            servers.extend(self.ask(query.fetch_all::<String>()).await?);
        }
        Ok(servers)
    }

    /// Inserts no rows, as the account and with the settings of all inserts.
    async fn insert_nothing(&self, database: &str, table: &str) -> Result<(), TargetError> {
        let timeout_ms = self.settings.request_timeout_ms;
        let deadline = Instant::now() + Duration::from_millis(timeout_ms);
        let request = self
            .inserter
            .insert_formatted_with(format!(
                "INSERT INTO {}.{} FORMAT Native",
                quoted(database),
                quoted(table)
            ))
            .with_setting("insert_deduplication_token", NO_ROWS_TOKEN);
        // The library asks nobody before the first bytes: a block of no columns and no rows.
        let block = vec![Bytes::from_static(&[0, 0])];
        let sent = insert::send(request, block, usize::MAX, deadline).await;
        sent.map_err(|failure| TargetError::from_failure(failure, timeout_ms))
    }
}

/// The table and those behind its views, each once.
pub(super) fn tables(inspected: &Inspected) -> Vec<SeenTable> {
    let mut tables = vec![SeenTable {
        database: inspected.layout.database.clone(),
        table: inspected.layout.table.clone(),
        engine: inspected.engine.clone(),
        partition_key: inspected.partition_key.clone(),
        window: inspected.deduplication_window,
        columns: Vec::new(),
        readable: false,
    }];
    for target in inspected.views.iter().filter_map(|view| view.target.as_ref()) {
        let same =
            |seen: &SeenTable| seen.database == target.database && seen.table == target.table;
        if !tables.iter().any(same) {
            tables.push(SeenTable {
                database: target.database.clone(),
                table: target.table.clone(),
                engine: target.engine.clone(),
                partition_key: target.partition_key.clone(),
                window: target.deduplication_window,
                columns: Vec::new(),
                readable: false,
            });
        }
    }
    tables
}

/// A missing right is something to tell; any other failure to ask stays one.
fn readable<T>(asked: Result<T, TargetError>) -> Result<bool, TargetError> {
    match asked {
        Ok(_) => Ok(true),
        Err(error) if error.is_access_denied() => Ok(false),
        Err(error) => Err(error),
    }
}
