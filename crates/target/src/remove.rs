//! Partitions and an offset for each in, the rows from there on out of the table.

use std::time::Duration;

use schema_map::quoted;
use tokio::time::{Instant, timeout_at};

use crate::{
    client::{Target, TargetError},
    row_check::has_columns,
    server_error::Failure,
};

/// Partitions in one statement: far below the server's `max_query_size` of 256 KiB even with
/// the longest topic names.
const AT_ONCE: usize = 200;

/// Rows to remove: those of one Kafka partition with this offset or a higher one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsFrom {
    /// Topic.
    pub topic: String,
    /// Partition of the topic.
    pub partition: i32,
    /// The first offset whose row goes.
    pub offset: i64,
}

/// Why rows were not removed, or not known to be.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// The table lacks `_topic`, `_partition` or `_offset`: nobody can tell which rows are meant.
    #[error("{0} lacks the columns that tell which rows to remove")]
    NoColumns(String),
    /// The account may not remove rows; this statement lets it.
    #[error("removing rows needs a right: {grant}")]
    NotAllowed {
        /// What to run as somebody who may.
        grant: String,
    },
    /// The server refused, or did not answer: then rows may still be on their way out. Removing
    /// the same rows again is safe.
    #[error(transparent)]
    Target(#[from] TargetError),
}

impl Target {
    /// Removes rows as the account that looks and creates, and waits until they are gone.
    ///
    /// Rows that arrive while this runs may stay. Rows that materialized views have made of the
    /// removed ones stay.
    ///
    /// # Errors
    ///
    /// When the table cannot tell which rows are meant, the right is missing, or the server does
    /// not confirm within `within`.
    pub async fn remove_rows(
        &self,
        database: &str,
        table: &str,
        rows: &[RowsFrom],
        within: Duration,
    ) -> Result<(), RemoveError> {
        let name = format!("{}.{}", quoted(database), quoted(table));
        match self.layout(database, table).await? {
            None => return Err(TargetError::no_table(database, table).into()),
            Some(layout) if has_columns(&layout) => {}
            Some(_) => return Err(RemoveError::NoColumns(name)),
        }
        let deadline = Instant::now() + within;
        for some in rows.chunks(AT_ONCE) {
            let wanted = vec!["(_topic = ? AND _partition = ? AND _offset >= ?)"; some.len()];
            let sql = format!("ALTER TABLE {name} DELETE WHERE {}", wanted.join(" OR "));
            // 2: the answer comes when all replicas are done, where there are any.
            let statement = self.schema.query(&sql).with_setting("mutations_sync", "2");
            let statement = some.iter().fold(statement, |statement, rows| {
                statement.bind(&rows.topic).bind(rows.partition).bind(rows.offset)
            });
            let failure = match timeout_at(deadline, statement.execute()).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => Failure::from(error),
                Err(_) => Failure::NoAnswer,
            };
            return Err(self.not_removed(failure, &name, within));
        }
        Ok(())
    }

    fn not_removed(&self, failure: Failure, name: &str, within: Duration) -> RemoveError {
        let timeout_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        let error = TargetError::from_failure(failure, timeout_ms);
        if error.is_access_denied() {
            let user = quoted(&self.settings.schema_user);
            let grant = format!("GRANT ALTER DELETE ON {name} TO {user}");
            return RemoveError::NotAllowed { grant };
        }
        error.into()
    }
}
