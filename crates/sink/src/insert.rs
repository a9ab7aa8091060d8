//! Frozen batches in, their results out: one task per batch, for as long as it takes.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use decode::{ColumnList, Frozen};
use deliver::{Offset, Proof, RangeId, Settled, Token, TopicId, Window};
use target::{Disposition, Insert, Target, TargetError};
use tokio::{
    sync::{Semaphore, mpsc},
    time,
};
use tokio_util::sync::CancellationToken;

use crate::{
    backoff,
    batch::Timestamps,
    metrics::PipelineMetrics,
    schemas::Schemas,
    spans::InsertSpan,
    standing::{RangeOf, Standing},
    topics::Topics,
    worker::Answer,
};

/// How often a server may say that the table has changed while it looks as it did. More than once,
/// since it may be changed and changed back; not for ever, since nothing would come of it.
const CONTRADICTIONS_MAX: u32 = 3;

/// How old a batch may be for its first attempt to need no proof that nobody else has made one.
const FRESH_MAX: Duration = Duration::from_secs(10);

/// How often and how far apart rows are looked for before a token counts as one without rows.
const LOOKS_MAX: u32 = 5;
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A batch whose bytes will not change any more (rule R5).
#[derive(Debug)]
pub struct FrozenBatch {
    /// Its range.
    pub range: RangeId,
    /// Last offset of the range.
    pub last: Offset,
    /// What ClickHouse recognises a repetition by.
    pub token: Token,
    /// Whether and how long that can be relied on.
    pub proof: Proof,
    /// The topic that its records must be of, if that can be asked (rule R16).
    pub topic: Option<TopicId>,
    /// When the commit that announced it was sent: since then it may have been another's.
    pub announced: Instant,
    /// Columns of the block.
    pub columns: Arc<ColumnList>,
    /// The block.
    pub block: Frozen,
    /// When the records were written.
    pub timestamps: Timestamps,
    /// What traces tell of its insert.
    pub span: InsertSpan,
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
    /// What the table promises.
    pub standing: Arc<Standing>,
    /// Looks at the table when it seems to have changed.
    pub schemas: Arc<Schemas>,
    /// Shared by all pipelines of the process.
    pub permits: Arc<Semaphore>,
    /// Of the pipeline.
    pub metrics: PipelineMetrics,
}

impl Inserter {
    /// Inserts one batch and tells how it ended, unless nobody waits for it any more.
    pub async fn run(
        self,
        batch: FrozenBatch,
        topics: Arc<Topics>,
        abandoned: CancellationToken,
        answers: mpsc::Sender<Answer>,
    ) {
        let ended = tokio::select! {
            () = abandoned.cancelled() => return batch.span.failed("given-up"),
            ended = self.when_of_its_topic(&batch, &topics) => ended,
        };
        match ended {
            Ended::Inserted => batch.span.succeeded(),
            Ended::Refused => batch.span.failed("insert-refused"),
            Ended::Unprovable => batch.span.failed("range-unprovable"),
            Ended::TopicRecreated(_) => batch.span.failed("topic-recreated"),
            Ended::TableChanged => batch.span.failed("table-changed"),
        }
        let answer = match ended {
            Ended::Inserted => Answer::Inserted(batch.range, batch.block),
            Ended::Refused => Answer::InsertFailed(batch.range),
            Ended::Unprovable => Answer::InsertUnprovable(batch.range),
            Ended::TopicRecreated(id) => Answer::TopicRecreated(batch.range, id),
            Ended::TableChanged => Answer::TableChanged,
        };
        // The worker is gone when it does not listen any more: then nobody waits.
        drop(answers.send(answer).await);
    }

    /// Rule R16: what may have been read of a topic that was created again is not inserted under
    /// offsets of the one before. Once seen to be of its topic, it stays so.
    async fn when_of_its_topic(&self, batch: &FrozenBatch, topics: &Topics) -> Ended {
        if let Some(wanted) = batch.topic
            && let Some(other) = topics.another(&batch.range.partition.topic, wanted).await
        {
            return Ended::TopicRecreated(other);
        }
        self.until_settled(batch).await
    }

    /// Rule R8: the same bytes under the same token until they are in, or refused for good. Rule
    /// R9: where an earlier attempt may have landed and the token alone does not prove it, rows do.
    async fn until_settled(&self, batch: &FrozenBatch) -> Ended {
        let started = Instant::now();
        let (mut attempt, mut contradictions) = (0, 0);
        let mut token = batch.token.as_str().to_owned();
        loop {
            let Ok(permit) = self.permits.acquire().await else {
                // Closed only when the process ends; the task is dropped with its runtime.
                return std::future::pending().await;
            };
            // A process that was frozen may have a successor that has inserted this long ago.
            let repeated =
                attempt > 0 || batch.proof.replayed || batch.announced.elapsed() > FRESH_MAX;
            if repeated {
                match self.prove(batch).await {
                    Ok(Settled::Insert) => {}
                    Ok(Settled::Complete) => return Ended::Inserted,
                    Ok(Settled::Unprovable) => return Ended::Unprovable,
                    Err(error) => {
                        attempt += 1;
                        self.metrics.still_waiting("deduplication window", &error.to_string());
                        drop(permit);
                        let changed = error.disposition() == Disposition::TableChanged;
                        if changed && !self.schemas.still_fits(&batch.columns).await {
                            return Ended::TableChanged;
                        }
                        time::sleep(backoff::pause(attempt)).await;
                        continue;
                    }
                }
            }
            let tried = self.attempt(batch, &token).await;
            drop(permit);
            let Err(error) = tried else {
                if repeated && !self.landed(batch).await {
                    // Everyone who repeats this range finds the same and goes on to the same
                    // token, so this one protects as the first one did: as long as the first one
                    // is met, and who does not meet it any more would insert under that.
                    if !batch.proof.token_holds(self.window().await) {
                        return Ended::Unprovable;
                    }
                    token.push_str(":again");
                    self.metrics.token_without_rows(&token);
                    continue;
                }
                let (took, now_ms) = (started.elapsed(), now_ms());
                let bytes = batch.block.bytes;
                let token = batch.token.as_str();
                self.metrics.batch_inserted(token, bytes, took, &batch.timestamps, now_ms);
                return Ended::Inserted;
            };
            attempt += 1;
            batch.span.attempt_failed(attempt, &error);
            match error.disposition() {
                Disposition::Retry => {
                    self.metrics.insert_delayed(batch.token.as_str(), &error, attempt);
                }
                Disposition::TableChanged => {
                    self.metrics.insert_delayed(batch.token.as_str(), &error, attempt);
                    if !self.schemas.still_fits(&batch.columns).await {
                        return Ended::TableChanged;
                    }
                    contradictions += 1;
                    if contradictions >= CONTRADICTIONS_MAX {
                        self.metrics.insert_refused(batch.token.as_str(), &error);
                        return Ended::Refused;
                    }
                }
                Disposition::Stop => {
                    self.metrics.insert_refused(batch.token.as_str(), &error);
                    return Ended::Refused;
                }
            }
            time::sleep(backoff::pause(attempt)).await;
        }
    }

    /// Says what another attempt would do.
    async fn prove(&self, batch: &FrozenBatch) -> Result<Settled, TargetError> {
        let proof = &batch.proof;
        if !proof.exactly_once {
            return Ok(Settled::Insert);
        }
        let window = self.standing.window_now().await?;
        if proof.token_suffices(window) {
            return Ok(Settled::Insert);
        }
        let (range, last, token) = (&batch.range, batch.last, &batch.token);
        let rows = self.standing.rows(&RangeOf { range, last, token }).await?;
        Ok(proof.settle(rows, window))
    }

    /// Whether a confirmed repetition is in the table. ClickHouse writes a token down before the
    /// part: killed in between, it drops every repetition of rows that it does not have. Seen
    /// with 26.7; the part's temporary directory is removed at the next start.
    async fn landed(&self, batch: &FrozenBatch) -> bool {
        if !batch.proof.exactly_once {
            return true;
        }
        let (range, last, token) = (&batch.range, batch.last, &batch.token);
        let (mut looks, mut attempt) = (0, 0);
        loop {
            match self.standing.rows(&RangeOf { range, last, token }).await {
                Ok(Some(0)) => looks += 1,
                // What cannot be counted has to be believed.
                Ok(_) => return true,
                Err(error) => {
                    attempt += 1;
                    self.metrics.still_waiting("rows of a range", &error.to_string());
                    time::sleep(backoff::pause(attempt)).await;
                    continue;
                }
            }
            // Another attempt may be between its token and its part on a server that lives.
            if looks > LOOKS_MAX {
                return false;
            }
            time::sleep(LOOK_EVERY).await;
        }
    }

    /// The window as it is now, for as long as the server takes to say it.
    async fn window(&self) -> Window {
        let mut attempt = 0;
        loop {
            match self.standing.window_now().await {
                Ok(window) => return window,
                Err(error) => {
                    self.metrics.still_waiting("deduplication window", &error.to_string());
                }
            }
            attempt += 1;
            time::sleep(backoff::pause(attempt)).await;
        }
    }

    async fn attempt(&self, batch: &FrozenBatch, token: &str) -> Result<(), target::InsertError> {
        let insert = Insert {
            database: &self.database,
            table: &self.table,
            columns: &batch.columns.insert_list(),
            token,
            rows: batch.block.rows,
            chunks: &batch.block.chunks,
        };
        self.target.insert(&insert).await
    }
}

/// How an insert ended.
enum Ended {
    Inserted,
    Refused,
    Unprovable,
    TopicRecreated(TopicId),
    TableChanged,
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
