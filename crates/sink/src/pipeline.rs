//! Wires the stages together. The only module that makes channels, threads and tasks at start.

use std::sync::Arc;

use anyhow::Context as _;
use prometheus::Registry;
use service::{
    Health,
    health::Condition,
    traces::{Tracer, Traces},
};
use target::Target;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use self::one::Job;
use crate::{
    board::Board, config::Config, instance, memory::Budget, metrics::Metrics, orders::Orders,
    worker::Stop,
};

mod follow;
mod keep;
mod one;
mod staff;

/// What all pipelines of a process share.
#[derive(Clone, Debug)]
struct Shared {
    config: Arc<Config>,
    /// Name of this process among all sinks.
    instance: Arc<str>,
    tracer: Option<Tracer>,
    registry: registry_client::Client,
    target: Target,
    permits: Arc<Semaphore>,
    budget: Arc<Budget>,
    metrics: Metrics,
    kafka_reached: Condition,
}

/// Runs all pipelines of `config`, or those that are stored, until `stop` is cancelled and
/// everything taken has been written.
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
    service::build::register(&registry).context("register metrics")?;
    let health = Health::default();
    let listener = service::http::bind(config.service.http).await?;
    let instance = instance::name(&config.status.instance);
    let traces = Traces::start(&config.traces, "sink", &instance, &registry)?;
    let shared = Shared {
        instance: instance.into(),
        tracer: traces.tracer(),
        registry: registry_client::Client::new(config.registry()).context("registry")?,
        target: Target::new(config.target()).context("clickhouse")?,
        permits: Arc::new(Semaphore::new(config.delivery.inserts_in_flight_max.get())),
        budget: Arc::new(Budget::new(config.memory.bytes_max)),
        metrics: Metrics::register(&registry).context("register metrics")?,
        kafka_reached: health.condition("kafka"),
        config: Arc::new(config),
    };

    let stored = shared.config.pipelines.is_empty().then(|| health.condition("pipelines"));
    let http_stop = CancellationToken::new();
    let http = tokio::spawn(service::http::serve(
        listener,
        axum::Router::new(),
        health,
        registry,
        http_stop.clone(),
    ));
    let worked = match stored {
        Some(read) => follow::run(shared, read, stop).await,
        None => given(shared, stop).await,
    };
    traces.flush().await;
    worked?;
    http_stop.cancel();
    http.await.context("http panicked")?
}

/// Runs the pipelines that were given as files. One that fails ends them all.
async fn given(shared: Shared, stop: CancellationToken) -> anyhow::Result<()> {
    let stop = Stop { drain: stop, give_up: CancellationToken::new() };
    let pipelines = &shared.config.pipelines;
    let shares = pipelines.iter().map(|one| usize::from(one.workers)).sum();
    let mut running = JoinSet::new();
    for pipeline in pipelines {
        let name = pipeline.name.clone();
        let (_nobody_orders, orders) = watch::channel(Orders::unchanging(pipeline));
        let job = Job {
            pipeline: Arc::new(pipeline.clone()),
            replay: None, // replays are asked for through the admin API
            mirrors: None,
            metrics: shared.metrics.pipeline(&name),
            board: Arc::new(Board::default()),
            orders,
            shares,
        };
        let one = one::run(shared.clone(), job, stop.clone());
        running.spawn(async move { one.await.with_context(|| format!("pipeline {name}")) });
    }
    while let Some(ended) = running.join_next().await {
        ended.context("pipeline panicked")??;
    }
    Ok(())
}
