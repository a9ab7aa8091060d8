//! What every binary of this workspace does the same way: logs, settings, signals, draining,
//! health, metrics, traces, exit codes.
//!
//! This crate knows nothing about Kafka, ClickHouse or schemas, and never will.

use std::{future::Future, net::SocketAddr, pin::pin, process::ExitCode, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{
    signal::unix::{SignalKind, signal},
    time,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

pub mod build;
pub mod config;
pub mod health;
pub mod healthcheck;
pub mod http;
pub mod problem;
pub mod secrets;
pub mod traces;

pub use self::{health::Health, healthcheck::Task};

/// Exit code for a configuration that cannot be used (`EX_CONFIG` in sysexits.h).
pub const EXIT_CONFIG: u8 = 78;

/// Settings that every service shares.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where `/livez`, `/readyz` and `/metrics` are served. Loopback unless told otherwise.
    pub http: SocketAddr,
    /// How long a drain may take after SIGTERM, in milliseconds. Keep it below the pod's
    /// `terminationGracePeriodSeconds`, or the kernel ends the drain for us.
    pub drain_ms_max: u64,
}

/// Runs `work` until it ends or the process is told to stop, then drains it.
///
/// `work` gets a token that is cancelled on SIGTERM or SIGINT. It must stop taking input then,
/// finish what it holds, and return. Returns success when `work` returned `Ok` in time.
pub async fn run<Work>(config: Config, work: impl FnOnce(CancellationToken) -> Work) -> ExitCode
where
    Work: Future<Output = anyhow::Result<()>>,
{
    let stop = CancellationToken::new();
    let mut work = pin!(work(stop.clone()));

    tokio::select! {
        result = &mut work => return report(result),
        () = stop_signal() => stop.cancel(),
    }

    let drain_max = Duration::from_millis(config.drain_ms_max);
    match time::timeout(drain_max, work).await {
        Ok(result) => report(result),
        Err(_elapsed) => {
            error!(drain_ms_max = config.drain_ms_max, "drain did not finish in time");
            ExitCode::FAILURE
        }
    }
}

fn report(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => {
            info!("stopped");
            ExitCode::SUCCESS
        }
        Err(error) => {
            error!(error = format!("{error:#}"), "failed");
            ExitCode::FAILURE
        }
    }
}

/// Completes when Kubernetes (SIGTERM) or a developer (SIGINT) asks the process to stop.
#[expect(clippy::expect_used, reason = "fails only at start, when no handler can be installed")]
async fn stop_signal() {
    let mut terminate = signal(SignalKind::terminate()).expect("install SIGTERM handler");
    let mut interrupt = signal(SignalKind::interrupt()).expect("install SIGINT handler");
    tokio::select! {
        _ = terminate.recv() => info!(signal = "SIGTERM", "stopping"),
        _ = interrupt.recv() => info!(signal = "SIGINT", "stopping"),
    }
}

/// Sends logs to stdout: JSON lines, filtered by `RUST_LOG`, `info` when it is unset.
pub fn init_logs() {
    init_logs_to(std::io::stdout);
}

/// Sends logs to `writer`: JSON lines, filtered by `RUST_LOG`, `info` when it is unset.
///
/// For a program whose terminal shows something else. Only the first call of a process counts.
pub fn init_logs_to<Writer>(writer: Writer)
where
    Writer: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // At debug level this library repeats whole server errors, which may quote rows.
    let filter = match "clickhouse=info".parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    let installed =
        tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(writer).try_init();
    if installed.is_err() {
        info!("logs were set up before");
    }
}
