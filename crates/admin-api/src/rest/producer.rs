//! Wishes about the event generator in, how it is set now out.

use axum::{Extension, Json, extract::State, http::StatusCode};
use pipeline_spec::store::{AuditRecord, Change};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use service::problem::Problem;
use utoipa::ToSchema;

use super::pipelines::{not_updated, now_ms};
use crate::{auth::Identity, problem, state::App};

/// How the generator is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Generator {
    /// Events per second; 0 is as fast as possible.
    pub rate_per_sec: u32,
    /// Whether it makes none for now.
    pub paused: bool,
}

/// A wish for another rate.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Events per second; 0 is as fast as possible.
    pub rate_per_sec: u32,
}

/// How it is set now.
///
/// # Errors
///
/// 404 where there is no generator, 502 where it does not answer.
pub async fn get(app: &App) -> Result<Generator, Problem> {
    ask(app, Method::GET, "rate", None).await
}

/// Sets its rate.
///
/// # Errors
///
/// As [`get`].
pub async fn set_rate(app: &App, who: &Identity, rate_per_sec: u32) -> Result<Generator, Problem> {
    change(app, who, "producer.rate", Method::PUT, "rate", Some(rate_per_sec)).await
}

/// Makes it make no more events.
///
/// # Errors
///
/// As [`get`].
pub async fn pause(app: &App, who: &Identity) -> Result<Generator, Problem> {
    change(app, who, "producer.pause", Method::POST, "pause", None).await
}

/// Makes it make events again.
///
/// # Errors
///
/// As [`get`].
pub async fn resume(app: &App, who: &Identity) -> Result<Generator, Problem> {
    change(app, who, "producer.resume", Method::POST, "resume", None).await
}

async fn change(
    app: &App,
    who: &Identity,
    what: &'static str,
    method: Method,
    path: &str,
    rate: Option<u32>,
) -> Result<Generator, Problem> {
    let before = get(app).await?;
    let after = ask(app, method, path, rate).await?;
    let audit = AuditRecord {
        at_ms: now_ms(),
        who: who.name.clone(),
        what: what.to_owned(),
        subject: "producer".to_owned(),
        before: serde_json::to_value(before).ok(),
        after: serde_json::to_value(after).ok(),
    };
    let told = app.store().update(|_| Ok((vec![Change::Audit(audit.clone())], ()))).await;
    told.map_err(not_updated)?;
    app.metrics().changed(what, &who.name, "producer");
    Ok(after)
}

async fn ask(
    app: &App,
    method: Method,
    path: &str,
    rate: Option<u32>,
) -> Result<Generator, Problem> {
    let base = app.config().producer_url.trim_end_matches('/');
    if base.is_empty() {
        return Err(problem::not_found("generator: producer_url is not set"));
    }
    let mut request = app.http().request(method, format!("{base}/{path}"));
    if let Some(rate_per_sec) = rate {
        request = request.json(&json!({"rate_per_sec": rate_per_sec}));
    }
    let failed = |why: String| {
        tracing::warn!(error = why, "the generator did not do what was asked");
        Problem::new(StatusCode::BAD_GATEWAY, "the generator did not answer").detail(why)
    };
    let answer = request.send().await.map_err(|error| failed(error.without_url().to_string()))?;
    let answer =
        answer.error_for_status().map_err(|error| failed(error.without_url().to_string()))?;
    answer.json().await.map_err(|error| failed(error.without_url().to_string()))
}

pub(crate) async fn handle_get(State(app): State<App>) -> Result<Json<Generator>, Problem> {
    get(&app).await.map(Json)
}

pub(crate) async fn handle_rate(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
    Json(wish): Json<Rate>,
) -> Result<Json<Generator>, Problem> {
    set_rate(&app, &who, wish.rate_per_sec).await.map(Json)
}

pub(crate) async fn handle_pause(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
) -> Result<Json<Generator>, Problem> {
    pause(&app, &who).await.map(Json)
}

pub(crate) async fn handle_resume(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
) -> Result<Json<Generator>, Problem> {
    resume(&app, &who).await.map(Json)
}
