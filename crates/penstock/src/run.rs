//! Settings in, the whole life of a run out: start, watch, stop.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use local_stack::{Settings, Stack, StackFile, progress::Terminal};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    admin::{self, Admin},
    config::Config,
    reset::reset,
    services::{self, Sink},
    show,
    watch::Watch,
};

mod session;

use self::session::{Outcome, Parts, Session};

/// Runs and says how it ended: 0 when it was stopped or every event landed exactly once.
pub(crate) fn to_the_end(config: Config) -> ExitCode {
    let ended = tokio::runtime::Runtime::new()
        .context("start the runtime")
        .and_then(|runtime| runtime.block_on(run(config)));
    match ended {
        Ok(code) => code,
        Err(error) => {
            show::failure(&error);
            let setting = error.downcast_ref::<local_stack::Error>();
            if setting.is_some_and(local_stack::Error::is_setting) {
                return ExitCode::from(service::EXIT_CONFIG);
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> anyhow::Result<ExitCode> {
    if config.reset {
        reset(&config.data_dir)?;
    }
    let stop = stop_on_signals()?;
    let started = Stack::start(settings(&config), Arc::new(Terminal::new()));
    let stack = tokio::select! {
        started = started => started?,
        () = stop.cancelled() => return Ok(ExitCode::SUCCESS),
    };
    let outcome = operate(&config, &stack, &stop).await;
    let removed = StackFile::remove(stack.data_dir());
    let stopped = stack.stop().await;
    let outcome = outcome?;
    removed?;
    stopped?;
    Ok(match outcome {
        Outcome::Stopped => ExitCode::SUCCESS,
        Outcome::Interrupted => ExitCode::FAILURE,
        Outcome::Landed(summary) => {
            show::summary(&summary, config.json);
            if summary.is_exact() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    })
}

fn settings(config: &Config) -> Settings {
    let mut settings = Settings::new(&config.data_dir);
    settings.ports.kafka = config.ports.kafka;
    settings.ports.registry = config.ports.registry;
    settings.ports.clickhouse_http = config.ports.clickhouse_http;
    settings.ports.clickhouse_native = config.ports.clickhouse_native;
    settings.kafka_heap_mib = config.memory.kafka_heap_mib.get();
    settings.clickhouse_memory_mib = config.memory.clickhouse_mib.get();
    settings.ready_within = Duration::from_secs(config.limits.ready_seconds_max.get().into());
    settings
}

/// Starts generator, admin API and sink, watches them until the end, and stops them in order.
async fn operate(
    config: &Config,
    stack: &Stack,
    stop: &CancellationToken,
) -> anyhow::Result<Outcome> {
    log_to_file(stack)?;
    let producer_port = stack.take_port("producer_http", config.ports.producer_http, 9464)?;
    let sink_port = stack.take_port("sink_http", config.ports.sink_http, 9464)?;
    let admin_ports = admin::Ports {
        listen: stack.take_port("admin_api", config.ports.admin_api, 8700)?,
        health: stack.take_port("admin_api_http", config.ports.admin_api_http, 9464)?,
    };
    let sink = Sink::prepare(config, stack, sink_port)?;
    let watch = Watch::new(stack, &sink.url)?;
    let producer = services::producer(config, stack, producer_port)?;
    let producer_http = format!("http://127.0.0.1:{producer_port}");

    let admin = Admin::start(stack, admin_ports, &producer_http).await?;
    let parts = Parts { config, stack, watch, sink, admin };
    let mut session = Session::start(parts, producer, stop).await?;
    let outcome = match session.get_ready(stop).await {
        Ok(true) => {
            show::banner(stack, &producer_http, session.sink_url(), session.admin());
            let mut file = StackFile::of(stack);
            file.producer_http = Some(producer_http);
            file.sink_http = Some(session.sink_url().to_owned());
            file.admin_api = Some(session.admin().url.clone());
            file.admin_token_file = Some(session.admin().token_file.clone());
            match file.write(stack.data_dir()) {
                Ok(()) => session.watch_to_the_end(stop).await,
                Err(error) => Err(error.into()),
            }
        }
        Ok(false) => Ok(Outcome::Stopped),
        Err(error) => Err(error),
    };
    let ended = session.end().await;
    let outcome = outcome?;
    ended?;
    Ok(outcome)
}

fn log_to_file(stack: &Stack) -> anyhow::Result<()> {
    let path = stack.data_dir().join("logs").join("penstock.log");
    let file = std::fs::OpenOptions::new().create(true).write(true).truncate(true).open(&path);
    let file = file.with_context(|| format!("open {}", path.display()))?;
    service::init_logs_to(Arc::new(file));
    Ok(())
}

/// The first signal stops in order, the second at once: the supervisor sees to the rest then.
fn stop_on_signals() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let token = stop.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if first {
                show::say("stopping in order; once more stops at once");
                token.cancel();
            } else {
                #[expect(clippy::exit, reason = "asked for twice: without waiting for anything")]
                std::process::exit(1);
            }
        }
    });
    Ok(stop)
}
