//! One place for a worker in, a worker in it at all times out: begins anew what ended, and ends
//! the process when a worker is stuck in a call.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use pipeline_spec::Pipeline;
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
    task::{self, JoinSet},
    time,
};

use super::{
    Shared,
    one::{Fault, Job},
};
use crate::{
    backoff,
    consume::{self, Source},
    dead_letters::Letter,
    insert::Inserter,
    kafka,
    memory::{Pot, fetched_kilobytes, spare_bytes},
    schemas::Schemas,
    spans::{Names, Spans},
    standing::Standing,
    worker::{self, Ended, Parts, Pulse, Stop},
};

/// How long a worker that began anew must have gone on for its next failure to count as the first.
const GOOD_RUN: Duration = Duration::from_secs(60);

/// Longest time for a consumer that was given up to be closed. Beside it nobody can be sure of
/// what it still does, so the process ends then.
const LEAVE_MAX: Duration = Duration::from_secs(20);

/// How often the pulse of a worker is felt.
const PULSE_EVERY: Duration = Duration::from_secs(1);

/// How much longer than a commit may take a worker may be silent: what a busy machine needs.
const SILENT_BEYOND: Duration = Duration::from_secs(15);

/// What a worker's place is made of.
#[derive(Debug)]
pub(super) struct Staff {
    pub(super) shared: Shared,
    pub(super) job: Job,
    pub(super) schemas: Arc<Schemas>,
    pub(super) pot: Arc<Pot>,
    pub(super) letters: mpsc::Sender<Letter>,
    pub(super) number: u16,
}

impl Staff {
    /// Keeps a worker in its place until `stop`.
    ///
    /// # Errors
    ///
    /// When a consumer cannot be made; when one does not close, or is stuck in a call for longer
    /// than the group waits for it: only a new process can mend that.
    pub(super) async fn keep(self, stop: Stop) -> Result<(), Fault> {
        let mut leaving: JoinSet<Result<(), Fault>> = JoinSet::new();
        let mut attempt = 0;
        loop {
            let (pulse, since) = (Arc::new(Pulse::default()), Instant::now());
            let (ended, left) = self.start(pulse.clone(), stop.clone()).map_err(Fault::Settings)?;
            let (mut ended, mut stuck) = (pin!(ended), pin!(self.watch(&pulse)));
            let ended = loop {
                tokio::select! {
                    ended = &mut ended => {
                        break ended.context("worker panicked").map_err(Fault::Process)?;
                    }
                    stuck = &mut stuck => return Err(stuck),
                    Some(gone) = leaving.join_next() => left_in_time(gone)?,
                }
            };
            let Ended::BeginAnew { reason, detail } = ended else { return Ok(()) };
            leaving.spawn(async move {
                match time::timeout(LEAVE_MAX, left).await {
                    Ok(_dropped) => Ok(()),
                    Err(_) => {
                        let error = anyhow!("a consumer does not close within {LEAVE_MAX:?}");
                        Err(Fault::Process(error))
                    }
                }
            });
            attempt = if since.elapsed() >= GOOD_RUN { 1 } else { attempt + 1 };
            let pause = backoff::pause(attempt);
            self.job.metrics.worker_restarts(reason, &detail, pause);
            tokio::select! {
                () = stop.drain.cancelled() => break,
                () = time::sleep(pause) => {}
            }
        }
        // What comes next may join under the same name.
        while let Some(gone) = leaving.join_next().await {
            left_in_time(gone)?;
        }
        Ok(())
    }

    /// Ends when the worker has not gone round its loop for [`SILENT_BEYOND`] longer than an outage of
    /// Kafka can hold up a commit. Counts its own turns, so that a process that was frozen as a whole is not
    /// taken for one that is stuck.
    async fn watch(&self, pulse: &Pulse) -> Fault {
        let limit = kafka::commit_timeout(&self.shared.config) + SILENT_BEYOND;
        let (mut seen, mut unchanged) = (pulse.count(), Duration::ZERO);
        loop {
            time::sleep(PULSE_EVERY).await;
            let now = pulse.count();
            unchanged = if now == seen { unchanged + PULSE_EVERY } else { Duration::ZERO };
            seen = now;
            if unchanged > limit {
                return Fault::Process(anyhow!(
                    "a call into librdkafka has lasted longer than any outage can hold it up"
                ));
            }
        }
    }

    /// Starts a worker's thread. Its first answer says how it ended, its second that it has left
    /// the group.
    fn start(
        &self,
        pulse: Arc<Pulse>,
        stop: Stop,
    ) -> anyhow::Result<(oneshot::Receiver<Ended>, oneshot::Receiver<()>)> {
        let parts = self.parts(pulse)?;
        let ((ended, end), (leaving, left)) = (oneshot::channel(), oneshot::channel());
        std::thread::Builder::new()
            .name(format!("worker {}-{}", self.job.pipeline.name, self.number))
            .spawn(move || worker::run(parts, &stop, ended, leaving))
            .context("start a worker's thread")?;
        Ok((end, left))
    }

    fn parts(&self, pulse: Arc<Pulse>) -> anyhow::Result<Parts> {
        let Self { shared, job, schemas, pot, letters, number } = self;
        let Job { pipeline, replay, mirrors, metrics, board, orders, shares } = job;
        let config = &shared.config;
        let client = consume::settings(
            kafka::client(config),
            &pipeline.group(&config.namespace),
            &format!("{}-{number}", pipeline.name),
            fetched_kilobytes(config.memory.bytes_max, *shares),
        );
        let source = Source { topics: pipeline.source.topics.clone(), replay: replay.clone() };
        let consumer = consume::join(&client, &source.all(), metrics, board.clone())
            .context("join the consumer group")?;
        let names = Names {
            pipeline: pipeline.name.clone(),
            group: pipeline.group(&config.namespace),
            database: pipeline.target.database.clone(),
            table: pipeline.target.table.clone(),
        };
        Ok(Parts {
            pipeline: pipeline.clone(),
            source: Arc::new(source),
            mirrors: mirrors.clone(),
            number: *number,
            orders: orders.clone(),
            board: board.clone(),
            settings: settings(shared, pipeline),
            cut: Duration::from_millis(config.delivery.cut_ms.get()),
            consumer,
            client,
            schemas: schemas.clone(),
            standing: schemas.standing.clone(),
            pulse,
            inserter: Inserter {
                target: shared.target.clone(),
                database: pipeline.target.database.clone(),
                table: pipeline.target.table.clone(),
                standing: schemas.standing.clone(),
                schemas: schemas.clone(),
                permits: shared.permits.clone(),
                metrics: metrics.clone(),
            },
            letters: letters.clone(),
            spare_bytes_max: spare_bytes(config.memory.bytes_max, *shares),
            pot: pot.clone(),
            process_metrics: shared.metrics.clone(),
            metrics: metrics.clone(),
            spans: Spans::new(shared.tracer.clone(), names),
            runtime: Handle::current(),
        })
    }
}

fn left_in_time(gone: Result<Result<(), Fault>, task::JoinError>) -> Result<(), Fault> {
    gone.context("leaving panicked").map_err(Fault::Process).flatten()
}

fn settings(shared: &Shared, pipeline: &Pipeline) -> deliver::Settings {
    let (config, batch) = (&shared.config, &pipeline.batch);
    deliver::Settings {
        rows_max: batch.rows_max,
        bytes_max: usize::try_from(batch.bytes_max).unwrap_or(usize::MAX),
        age: Duration::from_millis(batch.age_ms),
        age_max: Duration::from_millis(batch.age_ms_max),
        revoke_wait: Duration::from_millis(config.delivery.revoke_wait_ms_max),
        paused: false, // as the worker's orders say
        poll_interval_max: kafka::poll_interval_max(config),
        exactly_once: Standing::exactly_once(pipeline),
        intents: cfg!(not(feature = "no-intents")),
        revision: pipeline.revision_short(),
    }
}
