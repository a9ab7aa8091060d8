//! Requests in, a steered generator out: `/rate`, `/pause`, `/resume`.

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State, rejection::JsonRejection},
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use service::problem::Problem;

use crate::pipeline::Handle;

/// Largest body, in bytes. The only one there is has one number in it.
const BODY_BYTES_MAX: usize = 1_024;

/// Body of `PUT /rate`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    rate_per_sec: u32,
}

/// Answer to every request: how the generator is set now.
#[derive(Debug, Serialize)]
struct Setting {
    /// Events per second; 0 = as fast as possible.
    rate_per_sec: u32,
    paused: bool,
}

/// Builds the routes, to be merged into the service's own.
pub(crate) fn routes(handle: Handle) -> Router {
    Router::new()
        .route("/rate", get(rate).put(set_rate))
        .route("/pause", post(pause))
        .route("/resume", post(resume))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(handle)
}

async fn rate(State(handle): State<Handle>) -> Json<Setting> {
    setting(&handle)
}

async fn set_rate(
    State(handle): State<Handle>,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Result<Json<Setting>, Problem> {
    let Json(wish) = wish.map_err(|rejection| {
        Problem::new(rejection.status(), "rate not understood")
            .detail(r#"expected content-type application/json and a body {"rate_per_sec": N}"#)
    })?;
    handle.set_rate_per_sec(wish.rate_per_sec);
    Ok(setting(&handle))
}

async fn pause(State(handle): State<Handle>) -> Json<Setting> {
    handle.pause();
    setting(&handle)
}

async fn resume(State(handle): State<Handle>) -> Json<Setting> {
    handle.resume();
    setting(&handle)
}

fn setting(handle: &Handle) -> Json<Setting> {
    Json(Setting { rate_per_sec: handle.rate_per_sec(), paused: handle.paused() })
}

#[cfg(test)]
mod tests;
