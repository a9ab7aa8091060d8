//! A frozen block in, its rows in the table or a classified error out.

use std::time::Duration;

use bytes::Bytes;
use clickhouse::insert_formatted::InsertFormatted;
use schema_map::quoted;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::{
    classify::{Account, Disposition},
    client::Target,
    pinned,
    server_error::{Failure, ServerError},
};

/// What is compressed at a time: about a millisecond, so that other tasks are not kept waiting.
const COMPRESSED_AT_ONCE: usize = 1 << 20;

/// One block to insert. Every attempt at it must be given the same values.
#[derive(Clone, Copy, Debug)]
pub struct Insert<'a> {
    /// Database, unquoted.
    pub database: &'a str,
    /// Table, unquoted.
    pub table: &'a str,
    /// The columns of the block in its order, quoted and separated by commas.
    pub columns: &'a str,
    /// Names the block: a second block under the same token is dropped by the server.
    pub token: &'a str,
    /// Rows in the block, 1 to [`pinned::ROWS_MAX`].
    pub rows: u64,
    /// Exactly one block in Native format, in pieces of any size.
    pub chunks: &'a [Bytes],
}

/// Why a block is not known to be in its table.
#[derive(Debug, thiserror::Error)]
pub enum InsertError {
    /// No answer in time: the block may or may not be in the table.
    #[error("no answer from clickhouse within {timeout_ms} ms")]
    NoAnswer {
        /// How long was waited.
        timeout_ms: u64,
    },
    /// The connection failed: the block may or may not be in the table.
    #[error("cannot reach clickhouse: {0}")]
    Unreachable(String),
    /// The server answered with an error.
    #[error("clickhouse refused {rows} rows for {table}: {error}")]
    Refused {
        /// Database and table.
        table: String,
        /// Rows in the block.
        rows: u64,
        /// What it said, without row contents.
        error: ServerError,
    },
    /// The answer is no answer to an insert, or the block cannot be one.
    #[error("cannot insert: {0}")]
    Unusable(String),
}

impl InsertError {
    /// What to do about the block: the single place where that is decided.
    ///
    /// Refused credentials and grants are retried, unlike elsewhere: the account worked when
    /// the pipeline started, nothing is lost by waiting, and the rows land by themselves once a
    /// person has mended the grant. [`needs_person`](Self::needs_person) tells these apart.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::NoAnswer { .. } | Self::Unreachable(_) => Disposition::Retry,
            Self::Refused { error, .. } => error.disposition(Account::Inserter),
            Self::Unusable(_) => Disposition::Stop,
        }
    }

    /// Whether waiting alone will not mend it, so that someone must be told loudly.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Unreachable(_) => false,
            Self::Refused { error, .. } => error.needs_person(),
            Self::Unusable(_) => true,
        }
    }
}

impl Target {
    /// Inserts one block, with the pinned settings and its token.
    ///
    /// It takes at most `insert_timeout_ms`, also when this future is dropped: the request then
    /// goes on in the background until it is answered or that time is over, so an abandoned
    /// insert cannot arrive any later than that.
    ///
    /// # Errors
    ///
    /// Says by [`InsertError::disposition`] what to do with the block.
    pub async fn insert(&self, insert: &Insert<'_>) -> Result<(), InsertError> {
        let bytes: usize = insert.chunks.iter().map(Bytes::len).sum();
        if insert.rows == 0 || bytes == 0 || insert.rows > pinned::ROWS_MAX {
            let (rows, most) = (insert.rows, pinned::ROWS_MAX);
            let reason = format!("a block has 1 to {most} rows, this one {rows} in {bytes} bytes");
            return Err(InsertError::Unusable(reason));
        }
        let timeout_ms = self.settings.insert_timeout_ms;
        let deadline = Instant::now() + Duration::from_millis(timeout_ms);
        let request = self
            .inserter
            .insert_formatted_with(format!(
                "INSERT INTO {}.{} ({}) FORMAT Native",
                quoted(insert.database),
                quoted(insert.table),
                insert.columns
            ))
            .with_setting("insert_deduplication_token", insert.token);
        // Compression is per piece sent.
        let at_once = if self.compresses { COMPRESSED_AT_ONCE } else { usize::MAX };
        // A task of its own, because the library's end of a request outlives its future.
        let sending = send(request, insert.chunks.to_vec(), at_once, deadline);
        let failure = match tokio::spawn(sending.in_current_span()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::Unreadable("the insert's task ended early".to_owned()),
        };
        Err(match failure {
            Failure::NoAnswer => InsertError::NoAnswer { timeout_ms },
            Failure::Network(reason) => InsertError::Unreachable(reason),
            Failure::Refused(error) => InsertError::Refused {
                table: format!("{}.{}", insert.database, insert.table),
                rows: insert.rows,
                error,
            },
            Failure::Unreadable(reason) => InsertError::Unusable(reason),
        })
    }
}

/// Sends `chunks`, at most so many bytes at once, and waits for the answer until `deadline`.
pub(crate) async fn send(
    mut request: InsertFormatted,
    chunks: Vec<Bytes>,
    at_once: usize,
    deadline: Instant,
) -> Result<(), Failure> {
    let body = async {
        for mut chunk in chunks {
            while !chunk.is_empty() {
                request.send(chunk.split_to(chunk.len().min(at_once))).await?;
            }
        }
        Ok::<(), Failure>(())
    };
    // Dropping `request` half way aborts the body, and the server discards what it has.
    timeout_at(deadline, body).await.map_err(|_| Failure::NoAnswer)??;
    let left = deadline.saturating_duration_since(Instant::now());
    request.with_timeouts(None, Some(left)).end().await.map_err(Failure::from)
}
