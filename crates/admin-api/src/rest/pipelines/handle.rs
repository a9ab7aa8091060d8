//! HTTP requests about pipelines in, answers out.

use axum::{
    Extension, Json,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use pipeline_spec::store::Stored;
use service::problem::Problem;

use super::{
    Condition, DeleteQuery, ListQuery, PipelinePage, WriteQuery, Written,
    condition::{Tags, etag},
};
use crate::{
    auth::Identity,
    plan,
    rest::document::{Text, Wish},
    state::App,
};

type Who = Extension<Identity>;

pub(crate) async fn list(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<PipelinePage>, Problem> {
    super::list(&app, &query).map(Json)
}

pub(crate) async fn get(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let stored = super::get(&app, &name)?;
    let known = Condition::of(&headers).none_matches;
    if known
        .is_some_and(|tags| matches!(tags, Tags::These(_)) && tags.contain(Some(stored.version)))
    {
        return Ok(
            (StatusCode::NOT_MODIFIED, [(header::ETAG, etag(stored.version))]).into_response()
        );
    }
    document(&stored, Wish::of(&headers))
}

pub(crate) async fn create(
    State(app): State<App>,
    Extension(who): Who,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Text(text): Text,
) -> Result<Response, Problem> {
    if query.dry_run {
        return Wish::of(&headers).write(&plan::make(&app, &who, &text).await?);
    }
    let written = super::create(&app, &who, &text, &query).await?;
    answer(&written, Wish::of(&headers))
}

pub(crate) async fn put(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Text(text): Text,
) -> Result<Response, Problem> {
    if query.dry_run {
        return Wish::of(&headers).write(&plan::make(&app, &who, &text).await?);
    }
    let condition = Condition::of(&headers);
    let written = super::put(&app, &who, &name, &text, &condition, &query).await?;
    answer(&written, Wish::of(&headers))
}

pub(crate) async fn delete(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Query(query): Query<DeleteQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let purge = query.purge()?;
    if query.dry_run {
        return Ok(Json(super::removal_plan(&app, &name, purge).await?).into_response());
    }
    super::delete(&app, &who, &name, &Condition::of(&headers), purge).await?;
    match super::status(&app, &name) {
        Ok(status) => Ok((StatusCode::ACCEPTED, Json(status)).into_response()),
        // It is gone already.
        Err(_) => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

pub(crate) async fn pause(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let written = super::pause(&app, &who, &name, &Condition::of(&headers)).await?;
    done(&app, &written)
}

pub(crate) async fn resume(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let written = super::resume(&app, &who, &name, &Condition::of(&headers)).await?;
    done(&app, &written)
}

pub(crate) async fn restart(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let written = super::restart(&app, &who, &name, &Condition::of(&headers)).await?;
    done(&app, &written)
}

pub(crate) async fn status(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let status = super::status(&app, &name)?;
    Ok(([(header::ETAG, etag(status.version))], Json(status)).into_response())
}

fn done(app: &App, written: &Written) -> Result<Response, Problem> {
    let status = super::status(app, &written.stored.spec.name)?;
    Ok(([(header::ETAG, etag(written.stored.version))], Json(status)).into_response())
}

fn answer(written: &Written, wish: Wish) -> Result<Response, Problem> {
    let mut response = document(&written.stored, wish)?;
    if written.created {
        *response.status_mut() = StatusCode::CREATED;
        let place = format!("/v1/pipelines/{}", written.stored.spec.name);
        if let Ok(place) = HeaderValue::try_from(place) {
            response.headers_mut().insert(header::LOCATION, place);
        }
    }
    if let Some(note) = written.note.as_deref().and_then(warning) {
        response.headers_mut().insert(header::WARNING, note);
    }
    Ok(response)
}

/// A note beside a document: 299 is a warning that stays true.
fn warning(note: &str) -> Option<HeaderValue> {
    let plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    let text: String = note.replace(['"', '\\'], "'").chars().map(plain).collect();
    HeaderValue::try_from(format!("299 - \"{text}\"")).ok()
}

fn document(stored: &Stored, wish: Wish) -> Result<Response, Problem> {
    let mut response = wish.write(&stored.spec)?;
    if let Ok(tag) = HeaderValue::try_from(etag(stored.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}
