//! Requests in, health, metrics and the service's own answers out.

use std::net::SocketAddr;

use anyhow::Context;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus::{Encoder, Registry, TextEncoder};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{Health, problem::Problem};

/// Longest request body that any service reads, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Opens the port of `[service] http`.
///
/// # Errors
///
/// When the port is taken or the address is not one of this machine. The message names the key.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("open port {address}, set as service.http"))?;
    let address = listener.local_addr().context("read the address of service.http")?;
    tracing::info!(%address, "serving health and metrics");
    Ok(listener)
}

/// Serves `/livez`, `/readyz`, `/metrics` and `routes` on `listener` until `stop`. `/metrics` is
/// what `registry` has, and `penstock_ready`: what `/readyz` answers.
///
/// `/livez` answers as long as the process can answer at all and never asks a dependency.
///
/// # Errors
///
/// When the listener fails, or when `registry` has a `penstock_ready` already.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    health: Health,
    registry: Registry,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    health.register(&registry).context("register penstock_ready")?;
    let router = router(routes, health, registry);
    axum::serve(listener, router)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
        .context("serve http")
}

/// Builds the router, so that tests call it without a socket.
pub fn router(routes: Router, health: Health, registry: Registry) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(move || readyz(health.clone())))
        .route("/metrics", get(move || metrics(registry.clone())))
        .merge(routes)
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "no such path"))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

async fn readyz(health: Health) -> Response {
    let missing = health.missing();
    if missing.is_empty() {
        return "ok\n".into_response();
    }
    let detail = format!("waiting for: {}", missing.join(", "));
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not ready").detail(detail).into_response()
}

async fn metrics(registry: Registry) -> Response {
    let mut text = Vec::new();
    match TextEncoder::new().encode(&registry.gather(), &mut text) {
        Ok(()) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "metrics not encoded")
            .detail(error.to_string())
            .into_response(),
    }
}

#[cfg(test)]
mod tests;
