//! Frozen batches in, their results out: one task per batch, for as long as it takes.

use std::{
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use decode::Frozen;
use deliver::{RangeId, Token};
use target::{Disposition, Insert, Target};
use tokio::{
    sync::{Semaphore, mpsc},
    time,
};
use tokio_util::sync::CancellationToken;

use crate::{backoff, batch::Timestamps, metrics::PipelineMetrics, worker::Answer};

/// A batch whose bytes will not change any more (rule R5).
#[derive(Debug)]
pub struct FrozenBatch {
    /// Its range.
    pub range: RangeId,
    /// What ClickHouse recognises a repetition by.
    pub token: Token,
    /// Columns of the block, as the statement lists them.
    pub columns: String,
    /// The block.
    pub block: Frozen,
    /// When the records were written.
    pub timestamps: Timestamps,
}

/// Inserts the batches of one pipeline. Clones share it.
#[derive(Clone, Debug)]
pub struct Inserter {
    /// The server.
    pub target: Target,
    /// Database of the pipeline.
    pub database: String,
    /// Table of the pipeline.
    pub table: String,
    /// Shared by all pipelines of the process.
    pub permits: Arc<Semaphore>,
    /// Of the pipeline.
    pub metrics: PipelineMetrics,
}

impl Inserter {
    /// Inserts one batch and tells how it ended. Rule R8: the same bytes under the same token
    /// until they are in, or refused for good, or nobody waits for them any more.
    pub async fn run(
        self,
        batch: FrozenBatch,
        abandoned: CancellationToken,
        answers: mpsc::Sender<Answer>,
    ) {
        let started = Instant::now();
        let mut attempt = 0;
        let answer = loop {
            let tried = tokio::select! {
                () = abandoned.cancelled() => return,
                tried = self.attempt(&batch) => tried,
            };
            let Err(error) = tried else {
                let (took, now_ms) = (started.elapsed(), now_ms());
                let bytes = batch.block.bytes;
                let token = batch.token.as_str();
                self.metrics.batch_inserted(token, bytes, took, &batch.timestamps, now_ms);
                break Answer::Inserted(batch.range, batch.block);
            };
            match error.disposition() {
                Disposition::Retry => attempt += 1,
                Disposition::TableChanged | Disposition::Stop => {
                    self.metrics.insert_refused(batch.token.as_str(), &error);
                    break Answer::InsertFailed(batch.range);
                }
            }
            self.metrics.insert_delayed(batch.token.as_str(), &error, attempt);
            tokio::select! {
                () = abandoned.cancelled() => return,
                () = time::sleep(backoff::pause(attempt)) => {}
            }
        };
        // The worker is gone when it does not listen any more: then nobody waits.
        drop(answers.send(answer).await);
    }

    async fn attempt(&self, batch: &FrozenBatch) -> Result<(), target::InsertError> {
        let Ok(_permit) = self.permits.acquire().await else {
            // Closed only when the process ends; the task is dropped with its runtime.
            return std::future::pending().await;
        };
        let insert = Insert {
            database: &self.database,
            table: &self.table,
            columns: &batch.columns,
            token: batch.token.as_str(),
            rows: batch.block.rows,
            chunks: &batch.block.chunks,
        };
        self.target.insert(&insert).await
    }
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
