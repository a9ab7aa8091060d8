//! Wishes about dead letters in; pages, lines and replays of them out.

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::TryStreamExt as _;
use pipeline_spec::store::{AuditRecord, Change};
use rdkafka::ClientConfig;
use serde::Deserialize;
use serde_json::json;
use service::problem::Problem;
use utoipa::IntoParams;

use super::{
    offsets,
    paging::within,
    pipelines::{not_updated, now_ms},
};
use crate::{
    auth::Identity,
    dead_letters::{
        self, DeadLettersError, ExportLimits, Filter, LIMIT_MAX, Letter, LetterId, Order, Page,
        PageQuery, ReplayLimits, Replayed, Selection, Source,
    },
    kafka, problem,
    state::App,
};

/// What a page of dead letters is asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct LettersQuery {
    /// Only with this reason.
    pub reason: Option<String>,
    /// Only of records of this topic.
    pub topic: Option<String>,
    /// Only of records of this partition of their topic.
    pub partition: Option<i32>,
    /// The newest first, unless given.
    #[param(inline)]
    pub order: Order,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Most letters, 1 to 100; 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    #[serde(deserialize_with = "within::<100, _>")]
    pub limit: Option<u32>,
}

/// What an export of dead letters is asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ExportQuery {
    /// Only with this reason.
    pub reason: Option<String>,
    /// Only of records of this topic.
    pub topic: Option<String>,
    /// Only of records of this partition of their topic.
    pub partition: Option<i32>,
}

/// What is asked of a replay, besides which letters.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayQuery {
    /// Replay also what was replayed before.
    pub force: bool,
}

/// A page of a pipeline's dead letters.
///
/// # Errors
///
/// 404 where there is neither such a pipeline nor such a topic.
pub async fn page(app: &App, name: &str, query: &LettersQuery) -> Result<Page, Problem> {
    let client = source_client(app, name)?;
    let wanted = PageQuery {
        filter: filter(&query.reason, &query.topic, query.partition),
        order: query.order,
        cursor: query.cursor.clone(),
        limit: query.limit.map_or(20, |limit| limit as usize).clamp(1, LIMIT_MAX),
    };
    let found = dead_letters::page(&source(app, name, &client), &wanted).await;
    let found = found.map_err(|error| refused(&error))?;
    // A pipeline that is gone may have left letters behind.
    if !found.exists && !app.specs()?.pipelines.contains_key(name) {
        return Err(problem::not_found(&format!("pipeline {name}")));
    }
    Ok(found)
}

/// One dead letter, by its place in the topic of dead letters.
///
/// # Errors
///
/// 404 where there is none.
pub async fn one(app: &App, name: &str, id: LetterId) -> Result<Letter, Problem> {
    let client = source_client(app, name)?;
    let found = dead_letters::one(&source(app, name, &client), id).await;
    let found = found.map_err(|error| refused(&error))?;
    found.ok_or_else(|| problem::not_found("such dead letter"))
}

/// Writes copies of dead letters' records into the pipeline's replay topic, and tells who did.
///
/// # Errors
///
/// 404 where there is no such pipeline, 409 while somebody else replays.
pub async fn replay(
    app: &App,
    who: &Identity,
    name: &str,
    selection: &Selection,
    force: bool,
) -> Result<Replayed, Problem> {
    super::pipelines::get(app, name)?;
    let client = source_client(app, name)?;
    let limits = ReplayLimits::default();
    let done = dead_letters::replay(&source(app, name, &client), selection, force, &limits).await;
    let done = done.map_err(|error| refused(&error))?;
    let audit = AuditRecord {
        at_ms: now_ms(),
        who: who.name.clone(),
        what: "pipeline.replay".to_owned(),
        subject: name.to_owned(),
        before: None,
        after: Some(json!({
            "topic": done.topic,
            "replayed": done.replayed,
            "refused": done.refused,
            "force": force,
            "stopped": done.stopped,
        })),
    };
    let told = app.store().update(|_| Ok((vec![Change::Audit(audit.clone())], ()))).await;
    told.map_err(not_updated)?;
    app.metrics().changed("pipeline.replay", &who.name, name);
    Ok(done)
}

/// The client for dead letters of a name that can be a pipeline's.
fn source_client(app: &App, name: &str) -> Result<ClientConfig, Problem> {
    let can_be = (1..=63).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if !can_be {
        return Err(problem::not_found("pipeline of that name"));
    }
    Ok(kafka::client(app.config()))
}

fn source<'a>(app: &'a App, name: &'a str, kafka: &'a ClientConfig) -> Source<'a> {
    let namespace = &app.config().namespace;
    Source { kafka, namespace, pipeline: name, registry: Some(app.registry()) }
}

fn filter(reason: &Option<String>, topic: &Option<String>, partition: Option<i32>) -> Filter {
    Filter { reason: reason.clone(), topic: topic.clone(), partition }
}

fn refused(error: &DeadLettersError) -> Problem {
    match error {
        DeadLettersError::Refused(problems) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the request cannot be carried out")
                .errors(problems.iter().map(problem::field_error))
        }
        DeadLettersError::Read(error) => offsets::refused(error),
        DeadLettersError::Create { .. } => {
            Problem::new(StatusCode::BAD_GATEWAY, "kafka refused").detail(error.to_string())
        }
        DeadLettersError::Busy => problem::conflict(error.to_string()),
    }
}

pub(crate) async fn handle_page(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<LettersQuery>,
) -> Result<Json<Page>, Problem> {
    page(&app, &name, &query).await.map(Json)
}

pub(crate) async fn handle_one(
    State(app): State<App>,
    Path((name, partition, offset)): Path<(String, i32, i64)>,
) -> Result<Json<Letter>, Problem> {
    one(&app, &name, LetterId { partition, offset }).await.map(Json)
}

/// Streams: what goes wrong later can only end the answer early.
pub(crate) async fn handle_export(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let client = source_client(&app, &name)?;
    let filter = filter(&query.reason, &query.topic, query.partition);
    let lines =
        dead_letters::export(&source(&app, &name, &client), filter, ExportLimits::default());
    let lines = lines.inspect_err(|error| tracing::warn!(%error, "an export ended early"));
    let kind = HeaderValue::from_static("application/x-ndjson");
    Ok(([(header::CONTENT_TYPE, kind)], Body::from_stream(lines)).into_response())
}

pub(crate) async fn handle_replay(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
    Path(name): Path<String>,
    Query(query): Query<ReplayQuery>,
    Json(selection): Json<Selection>,
) -> Result<Json<Replayed>, Problem> {
    replay(&app, &who, &name, &selection, query.force).await.map(Json)
}
