//! The table and the promise asked for in; what the table can give, and how much of its
//! deduplication window is used, out.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use deliver::{Token, Window};
use pipeline_spec::{Delivery, Pipeline};
use target::{Guarantee, GuaranteeOptions, RowRange, Target, TargetError};
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::metrics::PipelineMetrics;

/// How often the use of the window is read, so that intents can record it. What is recorded may be
/// older than the range, which only makes its token count as older than it is.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);

/// What is known about one pipeline's table. Shared by its workers and inserts.
#[derive(Debug)]
pub struct Standing {
    target: Target,
    pipeline: Arc<Pipeline>,
    metrics: PipelineMetrics,
    known: RwLock<Option<Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    guarantee: Arc<Guarantee>,
    window: Window,
}

impl Standing {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(target: Target, pipeline: Arc<Pipeline>, metrics: PipelineMetrics) -> Self {
        Self { target, pipeline, metrics, known: RwLock::new(None) }
    }

    /// Whether the pipeline promises exactly once.
    #[must_use]
    pub fn exactly_once(pipeline: &Pipeline) -> bool {
        // A build without intents cannot: it says so when it starts.
        pipeline.delivery == Delivery::ExactlyOnce && cfg!(not(feature = "no-intents"))
    }

    /// Looks at the table, which exists. Returns why it cannot give what the pipeline asks for.
    ///
    /// # Errors
    ///
    /// When the server could not be asked.
    pub async fn check(&self) -> Result<Result<(), String>, TargetError> {
        let wanted = &self.pipeline.target;
        let options =
            GuaranteeOptions { accept_unverified_engine: wanted.accept_unverified_engine };
        let found = self.target.guarantee(&wanted.database, &wanted.table, &options).await?;
        let given = found.delivery == target::Delivery::ExactlyOnce;
        self.metrics.guarantee(&found, Self::exactly_once(&self.pipeline));
        if Self::exactly_once(&self.pipeline) && !given {
            return Ok(Err(format!(
                "the pipeline asks for exactly-once, which {}.{} cannot give: {}; mend that, or \
                 set delivery: at-least-once",
                wanted.database,
                wanted.table,
                found.why()
            )));
        }
        self.read(Arc::new(found)).await?;
        Ok(Ok(()))
    }

    /// The window as it was read last; `None` before the first look at the table.
    #[must_use]
    pub fn window(&self) -> Option<Window> {
        self.known().map(|known| known.window)
    }

    /// The window as it is now.
    ///
    /// # Errors
    ///
    /// When the server could not be asked.
    pub async fn window_now(&self) -> Result<Window, TargetError> {
        match self.known() {
            Some(known) => self.read(known.guarantee).await,
            None => Ok(Window::default()),
        }
    }

    async fn read(&self, guarantee: Arc<Guarantee>) -> Result<Window, TargetError> {
        let window = match self.target.window_used(&guarantee.tables).await? {
            Some(used) => Window { entries: guarantee.window, used },
            None => Window::default(),
        };
        self.set(Known { guarantee, window });
        Ok(window)
    }

    /// Counts the rows of a range that are in the table. `None` when that proves nothing: the table
    /// lacks the columns, or there are views behind it that may lack what the table has.
    ///
    /// # Errors
    ///
    /// When the server could not be asked.
    pub async fn rows(&self, range: &RangeOf<'_>) -> Result<Option<u64>, TargetError> {
        let wanted = &self.pipeline.target;
        let range_of = &range.range.partition;
        let rows = self
            .target
            .rows_in(&RowRange {
                database: &wanted.database,
                table: &wanted.table,
                topic: &range_of.topic,
                partition: range_of.partition,
                first: range.range.first.raw(),
                last: range.last.raw(),
            })
            .await?;
        let views = self.known().is_some_and(|known| known.guarantee.views);
        let rows = rows.filter(|rows| *rows == 0 || !views);
        self.metrics.rows_counted(range.token.as_str(), rows);
        Ok(rows)
    }

    /// Reads the window now and then until `ended`.
    pub async fn sample(self: Arc<Self>, ended: CancellationToken) {
        let mut every = time::interval(SAMPLE_EVERY);
        every.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = ended.cancelled() => return,
                _ = every.tick() => {}
            }
            // A server that is away is told by the inserts.
            if self.known().is_some()
                && let Err(error) = self.window_now().await
            {
                tracing::debug!(%error, "deduplication window not read");
            }
        }
    }

    fn known(&self) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, known: Known) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }
}

/// A range whose rows are to be counted.
#[derive(Clone, Copy, Debug)]
pub struct RangeOf<'a> {
    /// Its partition and first offset.
    pub range: &'a deliver::RangeId,
    /// Its last offset.
    pub last: deliver::Offset,
    /// Its token, for the log.
    pub token: &'a Token,
}
