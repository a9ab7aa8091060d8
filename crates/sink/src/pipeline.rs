//! Wires the stages together. The only module that makes channels, threads and tasks at start.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use pipeline_spec::Pipeline;
use prometheus::Registry;
use service::{Health, health::Condition};
use target::Target;
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time,
};
use tokio_util::sync::CancellationToken;

use self::staff::Staff;
use crate::{
    backoff,
    config::Config,
    dead_letters::DeadLetters,
    memory::Budget,
    metrics::{Metrics, PipelineMetrics},
    schemas::Schemas,
    standing::Standing,
};

mod staff;

/// What all pipelines of a process share.
#[derive(Clone, Debug)]
struct Shared {
    config: Arc<Config>,
    registry: registry_client::Client,
    target: Target,
    permits: Arc<Semaphore>,
    budget: Arc<Budget>,
    metrics: Metrics,
    kafka_reached: Condition,
}

/// Runs all pipelines of `config` until `stop` is cancelled and everything taken has been
/// written.
///
/// # Errors
///
/// When settings cannot be used, the port is taken, or a worker fails. The other workers are left
/// alone then; the process is expected to end, and what was not committed is read again.
pub async fn run(config: Config, stop: CancellationToken) -> anyhow::Result<()> {
    if cfg!(feature = "no-intents") {
        tracing::warn!("built with the feature no-intents: every pipeline is at-least-once");
    }
    let registry = Registry::new();
    let health = Health::default();
    let listener = service::http::bind(config.service.http).await?;
    let shared = Shared {
        registry: registry_client::Client::new(config.registry()).context("registry")?,
        target: Target::new(config.target()).context("clickhouse")?,
        permits: Arc::new(Semaphore::new(config.delivery.inserts_in_flight_max.get())),
        budget: Arc::new(Budget::new(config.memory.bytes_max)),
        metrics: Metrics::register(&registry).context("register metrics")?,
        kafka_reached: health.condition("kafka"),
        config: Arc::new(config),
    };

    let http_stop = CancellationToken::new();
    let http = tokio::spawn(service::http::serve(
        listener,
        axum::Router::new(),
        health,
        registry,
        http_stop.clone(),
    ));
    let mut pipelines = JoinSet::new();
    for pipeline in &shared.config.pipelines {
        let name = pipeline.name.clone();
        let running = one(shared.clone(), Arc::new(pipeline.clone()), stop.clone());
        pipelines.spawn(async move { running.await.with_context(|| format!("pipeline {name}")) });
    }
    while let Some(ended) = pipelines.join_next().await {
        ended.context("pipeline panicked")??;
    }
    http_stop.cancel();
    http.await.context("http panicked")?
}

/// Runs one pipeline.
async fn one(
    shared: Shared,
    pipeline: Arc<Pipeline>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let metrics = shared.metrics.pipeline(&pipeline.name);
    let dead_letters = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        ready = prepare(&shared, &pipeline, &metrics) => ready,
    };
    shared.kafka_reached.set(true);
    let (letters, letters_in) = mpsc::channel(shared.config.dead_letters.in_flight_max.get());
    let writer = tokio::spawn(dead_letters.run(letters_in));
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

    let mut workers = JoinSet::new();
    for number in 0..pipeline.workers {
        let staff = Staff {
            shared: shared.clone(),
            pipeline: pipeline.clone(),
            metrics: metrics.clone(),
            schemas: schemas.clone(),
            letters: letters.clone(),
            number,
        };
        workers.spawn(staff.keep(stop.clone()));
    }
    drop(letters);
    while let Some(worker) = workers.join_next().await {
        worker.context("worker panicked")??;
    }
    ended.cancel();
    sampling.await.context("sampling panicked")?;
    writer.await.context("dead letters panicked")
}

/// Makes the dead-letter topic ready, for as long as Kafka takes to be there and to let us.
async fn prepare(shared: &Shared, pipeline: &Pipeline, metrics: &PipelineMetrics) -> DeadLetters {
    let mut attempt = 0;
    loop {
        match DeadLetters::prepare(&shared.config, pipeline, metrics.clone()).await {
            Ok(ready) => return ready,
            Err(error) => metrics.still_waiting("dead-letter topic", &format!("{error:#}")),
        }
        attempt += 1;
        time::sleep(backoff::pause(attempt)).await;
    }
}
