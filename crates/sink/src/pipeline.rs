//! Wires the stages together. The only module that makes channels, threads and tasks at start.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use pipeline_spec::{OnError, Pipeline, State};
use prometheus::Registry;
use service::{Health, health::Condition};
use target::Target;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc, oneshot},
    task::JoinSet,
    time,
};
use tokio_util::sync::CancellationToken;

use crate::{
    backoff,
    config::Config,
    consume,
    dead_letters::DeadLetters,
    insert::Inserter,
    kafka,
    memory::{Budget, fetched_kilobytes, spare_bytes},
    metrics::{Metrics, PipelineMetrics},
    schemas::Schemas,
    worker::{self, Parts},
};

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
    let schemas = Arc::new(Schemas {
        registry: shared.registry.clone(),
        target: shared.target.clone(),
        pipeline: pipeline.clone(),
        unknown_id_wait: Duration::from_millis(shared.config.registry.unknown_id_wait_ms),
        metrics: metrics.clone(),
    });

    let mut workers = JoinSet::new();
    for number in 0..pipeline.workers {
        let parts = parts(&shared, &pipeline, &metrics, &schemas, letters.clone())?;
        workers.spawn(work(&format!("{}-{number}", pipeline.name), parts, stop.clone())?);
    }
    drop(letters);
    while let Some(ended) = workers.join_next().await {
        ended.context("worker panicked")??;
    }
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

fn parts(
    shared: &Shared,
    pipeline: &Arc<Pipeline>,
    metrics: &PipelineMetrics,
    schemas: &Arc<Schemas>,
    letters: mpsc::Sender<crate::dead_letters::Letter>,
) -> anyhow::Result<Parts> {
    let config = &shared.config;
    let workers: usize = config.pipelines.iter().map(|one| usize::from(one.workers)).sum();
    let consumer = consume::join(
        kafka::client(config),
        &pipeline.group(&config.namespace),
        &pipeline.source.topics,
        fetched_kilobytes(config.memory.bytes_max, workers),
        metrics.clone(),
    )
    .context("join the consumer group")?;
    let batch = &pipeline.batch;
    let settings = deliver::Settings {
        rows_max: batch.rows_max,
        bytes_max: usize::try_from(batch.bytes_max).unwrap_or(usize::MAX),
        age: Duration::from_millis(batch.age_ms),
        age_max: Duration::from_millis(batch.age_ms_max),
        revoke_wait: Duration::from_millis(config.delivery.revoke_wait_ms_max),
        stop_on_bad_record: pipeline.on_error == OnError::Stop,
        paused: pipeline.state == State::Paused,
    };
    Ok(Parts {
        pipeline: pipeline.clone(),
        settings,
        cut: Duration::from_millis(config.delivery.cut_ms.get()),
        consumer,
        schemas: schemas.clone(),
        inserter: Inserter {
            target: shared.target.clone(),
            database: pipeline.target.database.clone(),
            table: pipeline.target.table.clone(),
            permits: shared.permits.clone(),
            metrics: metrics.clone(),
        },
        letters,
        spare_bytes_max: spare_bytes(config.memory.bytes_max, workers),
        budget: shared.budget.clone(),
        process_metrics: shared.metrics.clone(),
        metrics: metrics.clone(),
        runtime: Handle::current(),
    })
}

/// Starts a worker's thread and waits for its end without blocking.
fn work(
    name: &str,
    parts: Parts,
    stop: CancellationToken,
) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + use<>> {
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new()
        .name(format!("worker {name}"))
        .spawn(move || worker::run(parts, &stop, ended))
        .context("start a worker's thread")?;
    Ok(async move { end.await.context("worker panicked")? })
}
