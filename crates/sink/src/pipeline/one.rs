//! A pipeline and the token that ends it in, its workers running until then out.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use pipeline_spec::Pipeline;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time,
};
use tokio_util::sync::CancellationToken;

use super::{Shared, staff::Staff};
use crate::{
    backoff, board::Board, dead_letters::DeadLetters, metrics::PipelineMetrics, mirrors::Mirrors,
    orders::Orders, schemas::Schemas, standing::Standing, worker::Stop,
};

/// What to run, and where to tell of it.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) pipeline: Arc<Pipeline>,
    /// Where its replayed dead letters come from, if it reads them.
    pub(super) replay: Option<Arc<str>>,
    /// Copies of its offsets, if it is stored.
    pub(super) mirrors: Option<Mirrors>,
    pub(super) metrics: PipelineMetrics,
    pub(super) board: Arc<Board>,
    pub(super) orders: watch::Receiver<Orders>,
    /// Among how many workers of the process buffers are divided.
    pub(super) shares: usize,
}

/// Why a pipeline ended without being told to.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// It cannot be run as it is: librdkafka refuses a setting, or a thread cannot be made. Other
    /// pipelines are not concerned.
    #[error(transparent)]
    Settings(anyhow::Error),
    /// Only a new process can mend it: a call does not return, or a task panicked.
    #[error(transparent)]
    Process(anyhow::Error),
}

/// Runs one pipeline until `stop`.
///
/// # Errors
///
/// When a worker fails. The other workers of the pipeline have given up what they held then, and
/// what was not committed is read again.
pub(super) async fn run(shared: Shared, job: Job, stop: Stop) -> Result<(), Fault> {
    let stop = Stop { drain: stop.drain.child_token(), give_up: stop.give_up.child_token() };
    let dead_letters = tokio::select! {
        () = stop.drain.cancelled() => return Ok(()),
        ready = prepare(&shared, &job) => ready,
    };
    shared.kafka_reached.set(true);
    let (letters, letters_in) = mpsc::channel(shared.config.dead_letters.in_flight_max.get());
    let writer = tokio::spawn(dead_letters.run(letters_in));
    let Job { pipeline, metrics, .. } = &job;
    let standing =
        Arc::new(Standing::new(shared.target.clone(), pipeline.clone(), metrics.clone()));
    let ended = CancellationToken::new();
    let sampling = tokio::spawn(standing.clone().sample(ended.clone()));
    let schemas = Arc::new(Schemas {
        registry: shared.registry.clone(),
        target: shared.target.clone(),
        standing,
        pipeline: pipeline.clone(),
        unknown_id_wait: Duration::from_millis(shared.config.registry.unknown_id_wait_ms),
        metrics: metrics.clone(),
    });

    let pot = Arc::new(shared.budget.pot());
    let mut workers = JoinSet::new();
    for number in 0..pipeline.workers {
        let staff = Staff {
            shared: shared.clone(),
            job: job.clone(),
            schemas: schemas.clone(),
            pot: pot.clone(),
            letters: letters.clone(),
            number,
        };
        workers.spawn(staff.keep(stop.clone()));
    }
    drop((letters, pot));
    let mut fault = None;
    while let Some(worker) = workers.join_next().await {
        let ended = worker.context("worker panicked").map_err(Fault::Process);
        match ended.flatten() {
            Ok(()) => {}
            Err(error @ Fault::Process(_)) => return Err(error),
            Err(error) => {
                stop.drain.cancel();
                stop.give_up.cancel();
                fault.get_or_insert(error);
            }
        }
    }
    ended.cancel();
    sampling.await.context("sampling panicked").map_err(Fault::Process)?;
    let abort = writer.abort_handle();
    tokio::select! {
        written = writer => written.context("dead letters panicked").map_err(Fault::Process)?,
        // Their offsets are not committed: they are read and written again.
        () = stop.give_up.cancelled() => abort.abort(),
    }
    fault.map_or(Ok(()), Err)
}

/// Makes the dead-letter topic ready, for as long as Kafka takes to be there and to let us.
async fn prepare(shared: &Shared, job: &Job) -> DeadLetters {
    let mut attempt = 0;
    loop {
        let Job { pipeline, replay, metrics, .. } = job;
        let ready =
            DeadLetters::prepare(&shared.config, pipeline, replay.as_deref(), metrics.clone());
        match ready.await {
            Ok(ready) => return ready,
            Err(error) => job.metrics.still_waiting("dead-letter topic", &format!("{error:#}")),
        }
        attempt += 1;
        time::sleep(backoff::pause(attempt)).await;
    }
}
