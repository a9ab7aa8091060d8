//! A wish for history in, who changed what and when out, newest first.

use axum::{
    Json,
    extract::{Query, State},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::problem::Problem;
use utoipa::{IntoParams, ToSchema};

use super::{
    paging::{LIMIT_DEFAULT, LIMIT_MAX, within},
    pipelines,
};
use crate::state::App;

/// What the history is asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct AuditQuery {
    /// Only what happened before this entry: `next` of the page before.
    pub before: Option<i64>,
    /// Most entries to answer, 1 to 1000; 100 unless given.
    #[param(minimum = 1, maximum = 1000)]
    #[serde(deserialize_with = "within::<1000, _>")]
    pub limit: Option<u32>,
    /// Only what was done to this, as a rule the name of a pipeline.
    pub subject: Option<String>,
}

/// A part of the history.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AuditPage {
    /// The entries, newest first.
    pub items: Vec<AuditEntry>,
    /// What to ask for as `before` to go on; none at the beginning of history.
    pub next: Option<i64>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its place in history.
    pub offset: i64,
    /// When, in ms since 1970.
    pub at_ms: i64,
    /// Who: the name of a token.
    pub who: String,
    /// What, as `pipeline.create`.
    pub what: String,
    /// What it was done to.
    pub subject: String,
    /// How it was before.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// How it was afterwards.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
}

/// A part of the history.
///
/// # Errors
///
/// When Kafka does not answer.
pub async fn page(app: &App, query: &AuditQuery) -> Result<AuditPage, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX) as usize;
    let before = query.before.map(|before| before.max(0));
    let found = app.store().audit(before, limit, query.subject.as_deref()).await;
    let found = found.map_err(|error| pipelines::not_read(&error))?;
    let items = found.records.into_iter().map(|(offset, record)| AuditEntry {
        offset,
        at_ms: record.at_ms,
        who: record.who,
        what: record.what,
        subject: record.subject,
        before: record.before,
        after: record.after,
    });
    Ok(AuditPage { items: items.collect(), next: found.next })
}

/// `GET /v1/audit`.
pub(crate) async fn handle(
    State(app): State<App>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<AuditPage>, Problem> {
    page(&app, &query).await.map(Json)
}
