//! Wishes about Kafka Connect in, its connectors without their secrets out.

use std::collections::BTreeMap;

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use pipeline_spec::store::{AuditRecord, Change};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::problem::{FieldError, Problem};
use url::Url;
use utoipa::ToSchema;

use self::mask::masked;
use super::pipelines::{not_updated, now_ms};
use crate::{auth::Identity, problem, state::App};

mod mask;

/// Longest answer of Kafka Connect that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 8 << 20;
/// Longest part of an error of Kafka Connect that is repeated, in characters.
const MESSAGE_CHARS_MAX: usize = 300;

/// All connectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Connectors {
    /// By name.
    pub items: Vec<Connector>,
    /// Classes of which connectors may be created here.
    pub classes: Vec<String>,
}

/// A connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Connector {
    /// Its name.
    pub name: String,
    /// `source` or `sink`.
    pub kind: String,
    /// Its class.
    pub class: String,
    /// `RUNNING`, `PAUSED`, `FAILED` and so on.
    pub state: String,
    /// Its tasks.
    pub tasks: Vec<Task>,
    /// Its settings. Values that look like secrets are `****`, unless they are references.
    pub config: BTreeMap<String, String>,
}

/// A task of a connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Task {
    /// Its number.
    pub id: i64,
    /// As the connector's.
    pub state: String,
    /// The first line of what it failed with.
    pub error: Option<String>,
}

/// A connector to create.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConnector {
    /// Its name.
    pub name: String,
    /// Its settings; secrets as references such as `${file:/etc/connect/db.properties:password}`.
    pub config: BTreeMap<String, String>,
}

/// What is done to a connector that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Make it do nothing for now.
    Pause,
    /// Make it go on.
    Resume,
    /// Begin anew, with its tasks.
    Restart,
    /// Remove it.
    Delete,
}

/// All connectors with their states.
///
/// # Errors
///
/// 404 where there is no Kafka Connect, 502 where it does not answer.
pub async fn list(app: &App) -> Result<Connectors, Problem> {
    let mut url = url(app, &["connectors"])?;
    url.query_pairs_mut().append_pair("expand", "status").append_pair("expand", "info");
    let answer = ask(app, Method::GET, url, None).await?;
    let all = answer.as_object().cloned().unwrap_or_default();
    let items = all.iter().map(|(name, one)| view(name, &one["info"], &one["status"])).collect();
    Ok(Connectors { items, classes: app.config().connect_classes.clone() })
}

/// One connector.
///
/// # Errors
///
/// As [`list`]; 404 where there is none of that name.
pub async fn get(app: &App, name: &str) -> Result<Connector, Problem> {
    let info = ask(app, Method::GET, url(app, &["connectors", name])?, None).await?;
    let status = ask(app, Method::GET, url(app, &["connectors", name, "status"])?, None).await?;
    Ok(view(name, &info, &status))
}

/// Creates a connector of a class that the settings allow.
///
/// # Errors
///
/// As [`list`]; 422 for a class that is not allowed or settings that Kafka Connect refuses.
pub async fn create(app: &App, who: &Identity, new: &NewConnector) -> Result<Connector, Problem> {
    let classes = &app.config().connect_classes;
    let class = new.config.get("connector.class").map(String::as_str).unwrap_or_default();
    if !classes.iter().any(|allowed| allowed == class) {
        let message = match classes.as_slice() {
            [] => "no class may be created here: connect_classes is empty".to_owned(),
            classes => format!("must be one of connect_classes: {}", classes.join(", ")),
        };
        let error = FieldError { pointer: "/config/connector.class".to_owned(), message };
        return Err(
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "class not allowed").errors([error])
        );
    }
    let body = json!({"name": new.name, "config": new.config});
    ask(app, Method::POST, url(app, &["connectors"])?, Some(body)).await?;
    let after = json!({"config": masked(&new.config)});
    tell(app, who, "connector.create", &new.name, None, Some(after)).await?;
    get(app, &new.name).await
}

/// Does something to a connector.
///
/// # Errors
///
/// As [`get`].
pub async fn act(app: &App, who: &Identity, name: &str, act: Act) -> Result<(), Problem> {
    let before = get(app, name).await?;
    let (method, path, what): (_, &[&str], _) = match act {
        Act::Pause => (Method::PUT, &["connectors", name, "pause"], "connector.pause"),
        Act::Resume => (Method::PUT, &["connectors", name, "resume"], "connector.resume"),
        Act::Restart => (Method::POST, &["connectors", name, "restart"], "connector.restart"),
        Act::Delete => (Method::DELETE, &["connectors", name], "connector.delete"),
    };
    let mut url = url(app, path)?;
    if act == Act::Restart {
        url.query_pairs_mut().append_pair("includeTasks", "true");
    }
    ask(app, method, url, None).await?;
    let before = serde_json::to_value(before).ok();
    tell(app, who, what, name, before, None).await
}

async fn tell(
    app: &App,
    who: &Identity,
    what: &'static str,
    name: &str,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<(), Problem> {
    let audit = AuditRecord {
        at_ms: now_ms(),
        who: who.name.clone(),
        what: what.to_owned(),
        subject: name.to_owned(),
        before,
        after,
    };
    let told = app.store().update(|_| Ok((vec![Change::Audit(audit.clone())], ()))).await;
    told.map_err(not_updated)?;
    app.metrics().changed(what, &who.name, name);
    Ok(())
}

fn url(app: &App, path: &[&str]) -> Result<Url, Problem> {
    let base = &app.config().connect_url;
    if base.is_empty() {
        return Err(problem::not_found("kafka connect: connect_url is not set"));
    }
    // `.` and `..` would be another path, and the settings were checked to be a URL.
    if path.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
        return Err(problem::not_found("connector of that name"));
    }
    let mut url = Url::parse(base).map_err(|_| problem::internal("read connect_url"))?;
    match url.path_segments_mut() {
        Ok(mut segments) => drop(segments.pop_if_empty().extend(path)),
        Err(()) => return Err(problem::internal("extend connect_url")),
    }
    Ok(url)
}

async fn ask(app: &App, method: Method, url: Url, body: Option<Value>) -> Result<Value, Problem> {
    let mut request = app.http().request(method, url);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let failed = |error: reqwest::Error| {
        let why = error.without_url().to_string();
        tracing::warn!(error = why, "kafka connect did not answer");
        Problem::new(StatusCode::BAD_GATEWAY, "kafka connect did not answer").detail(why)
    };
    let mut answer = request.send().await.map_err(failed)?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(Problem::new(StatusCode::BAD_GATEWAY, "kafka connect did not answer")
                .detail(format!("its answer is longer than {ANSWER_BYTES_MAX} bytes")));
        }
    }
    let answer: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(answer);
    }
    let words = answer["message"].as_str().unwrap_or_default();
    let words: String = words.chars().take(MESSAGE_CHARS_MAX).collect();
    let (status, title) = match status.as_u16() {
        404 => (StatusCode::NOT_FOUND, "not found"),
        409 => (StatusCode::CONFLICT, "conflict"),
        400..500 => (StatusCode::UNPROCESSABLE_ENTITY, "rejected by kafka connect"),
        _ => (StatusCode::BAD_GATEWAY, "kafka connect failed"),
    };
    Err(Problem::new(status, title).detail(words))
}

fn view(name: &str, info: &Value, status: &Value) -> Connector {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let config: BTreeMap<String, String> = info["config"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), text(value)))
        .collect();
    let task = |task: &Value| Task {
        id: task["id"].as_i64().unwrap_or(-1),
        state: text(&task["state"]),
        error: task["trace"]
            .as_str()
            .and_then(|trace| trace.lines().next())
            .map(|line| mask::masked_text(line).chars().take(MESSAGE_CHARS_MAX).collect()),
    };
    Connector {
        name: name.to_owned(),
        kind: text(&status["type"]),
        class: config.get("connector.class").cloned().unwrap_or_default(),
        state: text(&status["connector"]["state"]),
        tasks: status["tasks"].as_array().into_iter().flatten().map(task).collect(),
        config: masked(&config),
    }
}

pub(crate) async fn handle_list(State(app): State<App>) -> Result<Json<Connectors>, Problem> {
    list(&app).await.map(Json)
}

pub(crate) async fn handle_get(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Connector>, Problem> {
    get(&app, &name).await.map(Json)
}

pub(crate) async fn handle_create(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
    Json(new): Json<NewConnector>,
) -> Result<Response, Problem> {
    let created = create(&app, &who, &new).await?;
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

pub(crate) async fn handle_delete(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    act(&app, &who, &name, Act::Delete).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn handle_pause(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
    Path(name): Path<String>,
) -> Result<Json<Connector>, Problem> {
    act(&app, &who, &name, Act::Pause).await?;
    get(&app, &name).await.map(Json)
}

pub(crate) async fn handle_resume(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
    Path(name): Path<String>,
) -> Result<Json<Connector>, Problem> {
    act(&app, &who, &name, Act::Resume).await?;
    get(&app, &name).await.map(Json)
}

pub(crate) async fn handle_restart(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
    Path(name): Path<String>,
) -> Result<Json<Connector>, Problem> {
    act(&app, &who, &name, Act::Restart).await?;
    get(&app, &name).await.map(Json)
}
