//! The registry's subjects in, their versions, what differs and what is compatible out.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use registry_client::{NewSchema, SchemaKind, SubjectVersion, Version};
use serde::{Deserialize, Serialize};
use service::problem::Problem;
use utoipa::{IntoParams, ToSchema};

use super::{
    lines::{DiffLine, LINES_MAX, compare},
    paging::{Page, page, within},
};
use crate::{problem, state::App};

/// What a list of subjects is asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct SubjectsQuery {
    /// Entries to skip.
    pub offset: Option<u32>,
    /// Most entries to answer, 1 to 1000; 100 unless given.
    #[param(minimum = 1, maximum = 1000)]
    #[serde(deserialize_with = "within::<1000, _>")]
    pub limit: Option<u32>,
    /// Text in the name.
    pub q: Option<String>,
}

/// A part of the list of subjects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SubjectPage {
    /// Names of subjects.
    pub items: Vec<String>,
    /// Subjects in the whole list, as filtered.
    pub total: usize,
    /// Where the next page begins; none after the last.
    pub next: Option<u32>,
}

/// A subject and its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SubjectVersions {
    /// The subject.
    pub subject: String,
    /// Its versions, oldest first.
    pub versions: Vec<u32>,
}

/// One version of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SchemaVersion {
    /// The subject.
    pub subject: String,
    /// The version.
    pub version: u32,
    /// The id in front of the records written with it.
    pub id: u32,
    /// `AVRO`, `JSON` or `PROTOBUF`.
    pub kind: String,
    /// The schema, indented where it is JSON.
    pub schema: String,
}

/// Two versions to compare.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    /// The older version.
    pub from: u32,
    /// The newer version.
    pub to: u32,
}

/// What differs between two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SchemaDiff {
    /// The older version.
    pub from: u32,
    /// The newer version.
    pub to: u32,
    /// All lines of both, in order.
    pub lines: Vec<DiffLine>,
}

/// A schema that might become the next version.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SchemaCandidate {
    /// The schema, an Avro schema as text.
    pub schema: String,
}

/// Whether a schema may become the next version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Compatible {
    /// It may.
    pub compatible: bool,
    /// The registry's reasons when it may not.
    pub messages: Vec<String>,
}

/// Names of subjects as wished.
///
/// # Errors
///
/// When the registry does not answer.
pub async fn list(app: &App, query: &SubjectsQuery) -> Result<SubjectPage, Problem> {
    let wanted = query.q.as_deref().unwrap_or_default().to_lowercase();
    let mut all = app.registry().subjects().await.map_err(|error| problem::registry(&error))?;
    all.retain(|subject| subject.to_lowercase().contains(&wanted));
    all.sort_unstable();
    let Page { items, total, next } = page(all, query.offset, query.limit);
    Ok(SubjectPage { items, total, next })
}

/// The versions of a subject.
///
/// # Errors
///
/// When there is no such subject, or the registry does not answer.
pub async fn versions(app: &App, subject: &str) -> Result<SubjectVersions, Problem> {
    can_be(subject)?;
    let versions = app.registry().versions(subject).await;
    let versions = versions.map_err(|error| problem::registry(&error))?;
    Ok(SubjectVersions { subject: subject.to_owned(), versions })
}

/// One version of a subject; `None` is the newest.
///
/// # Errors
///
/// As [`versions`].
pub async fn version(
    app: &App,
    subject: &str,
    version: Option<u32>,
) -> Result<SchemaVersion, Problem> {
    can_be(subject)?;
    let version = version.map_or(Version::Latest, Version::Number);
    let found = app.registry().version(subject, version).await;
    found.map(shown).map_err(|error| problem::registry(&error))
}

/// What differs between two versions.
///
/// # Errors
///
/// As [`versions`]; 422 for schemas that are too long to compare.
pub async fn diff(app: &App, subject: &str, query: DiffQuery) -> Result<SchemaDiff, Problem> {
    let from = version(app, subject, Some(query.from)).await?;
    let to = version(app, subject, Some(query.to)).await?;
    if from.schema.lines().count().max(to.schema.lines().count()) > LINES_MAX {
        return Err(problem::bad_request(format!(
            "these schemas have more than {LINES_MAX} lines: compare them elsewhere"
        )));
    }
    Ok(SchemaDiff { from: query.from, to: query.to, lines: compare(&from.schema, &to.schema) })
}

/// Whether a schema may become the next version of a subject.
///
/// # Errors
///
/// As [`versions`]; 422 for a schema that is none.
pub async fn check(app: &App, subject: &str, schema: &str) -> Result<Compatible, Problem> {
    can_be(subject)?;
    let candidate =
        NewSchema { kind: SchemaKind::Avro, text: schema.to_owned(), references: Vec::new() };
    let found = app.registry().is_compatible(subject, Version::Latest, &candidate).await;
    let found = found.map_err(|error| problem::registry(&error))?;
    Ok(Compatible { compatible: found.compatible, messages: found.messages })
}

/// That a registry can have a subject of that name. Web servers in front of one refuse others by
/// themselves, which would look as if the registry was away.
fn can_be(subject: &str) -> Result<(), Problem> {
    if subject.is_empty() || subject.chars().any(char::is_control) {
        return Err(problem::not_found("subject of that name"));
    }
    Ok(())
}

fn shown(found: SubjectVersion) -> SchemaVersion {
    let indented = serde_json::from_str::<serde_json::Value>(&found.text)
        .ok()
        .and_then(|json| serde_json::to_string_pretty(&json).ok());
    SchemaVersion {
        subject: found.subject,
        version: found.version,
        id: found.id,
        kind: match found.kind {
            SchemaKind::Avro => "AVRO",
            SchemaKind::JsonSchema => "JSON",
            SchemaKind::Protobuf => "PROTOBUF",
        }
        .to_owned(),
        schema: indented.unwrap_or(found.text),
    }
}

pub(crate) async fn handle_list(
    State(app): State<App>,
    Query(query): Query<SubjectsQuery>,
) -> Result<Json<SubjectPage>, Problem> {
    list(&app, &query).await.map(Json)
}

pub(crate) async fn handle_versions(
    State(app): State<App>,
    Path(subject): Path<String>,
) -> Result<Json<SubjectVersions>, Problem> {
    versions(&app, &subject).await.map(Json)
}

pub(crate) async fn handle_version(
    State(app): State<App>,
    Path((subject, number)): Path<(String, String)>,
) -> Result<Json<SchemaVersion>, Problem> {
    let number =
        match number.as_str() {
            "latest" => None,
            number => Some(number.parse().map_err(|_| {
                problem::bad_request("a version is a number from 1 on, or `latest`")
            })?),
        };
    version(&app, &subject, number).await.map(Json)
}

pub(crate) async fn handle_diff(
    State(app): State<App>,
    Path(subject): Path<String>,
    Query(query): Query<DiffQuery>,
) -> Result<Json<SchemaDiff>, Problem> {
    diff(&app, &subject, query).await.map(Json)
}

pub(crate) async fn handle_check(
    State(app): State<App>,
    Path(subject): Path<String>,
    Json(candidate): Json<SchemaCandidate>,
) -> Result<Json<Compatible>, Problem> {
    check(&app, &subject, &candidate.schema).await.map(Json)
}
