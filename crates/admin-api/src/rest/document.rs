//! A body that is JSON or YAML in, its text out; a document in, JSON or YAML as wished out.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use pipeline_spec::{Invalid, Pipeline};
use serde::Serialize;
use service::problem::Problem;

use crate::{
    auth::{Identity, Role},
    problem,
    state::App,
};

/// Content types that are read as YAML, of which JSON is a part.
const READ: [&str; 5] =
    ["application/json", "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];

/// Reads a document for somebody. SQL of users is looked at by the server's own parser, and may
/// only be sent by an admin, whatever else is wrong with the document.
///
/// # Errors
///
/// 403 for SQL from anybody else; the inner one for everything that is wrong with it.
pub async fn read(
    app: &App,
    who: &Identity,
    text: &str,
) -> Result<Result<Pipeline, Invalid>, Problem> {
    let mut invalid = match Pipeline::from_yaml(text) {
        Ok(spec) => return Ok(Ok(spec)),
        Err(invalid) => invalid,
    };
    let Some(sql) = Pipeline::sql_of(text) else { return Ok(Err(invalid)) };
    if who.role < Role::Admin {
        app.metrics().refused("role");
        return Err(Problem::new(StatusCode::FORBIDDEN, "not permitted").detail(format!(
            "`sql` in a document needs the role {}, and {} has the role {}",
            Role::Admin.as_str(),
            who.name,
            who.role.as_str()
        )));
    }
    match app.target().check_select(&sql).await {
        Ok(None) => {}
        Ok(Some(why)) => invalid.problems.push(sql_problem(why)),
        Err(error) => invalid.problems.push(sql_problem(format!("not checked: {error}"))),
    }
    Ok(Err(invalid))
}

fn sql_problem(message: String) -> pipeline_spec::Problem {
    pipeline_spec::Problem { pointer: "/sql".to_owned(), message }
}

/// The text of a document that was sent.
#[derive(Clone, Debug)]
pub struct Text(pub String);

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        if let Some(kind) = request.headers().get(header::CONTENT_TYPE) {
            let kind = kind.to_str().unwrap_or_default();
            let essence = kind.split(';').next().unwrap_or_default().trim();
            if !READ.iter().any(|known| known.eq_ignore_ascii_case(essence)) {
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "content type not supported",
                )
                .detail("send application/json or application/yaml")
                .into_response());
            }
        }
        let body =
            Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        match String::from_utf8(body.into()) {
            Ok(text) if text.trim().is_empty() => {
                Err(problem::bad_request("the body is empty: send a document").into_response())
            }
            Ok(text) => Ok(Self(text)),
            Err(_) => Err(problem::bad_request("the document is not utf-8").into_response()),
        }
    }
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

impl Wish {
    /// What `Accept` asks for: YAML if it names YAML and not JSON before it, else JSON.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let accept = headers.get_all(header::ACCEPT).into_iter();
        let kinds = accept.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        for kind in kinds {
            match kind.split(';').next().unwrap_or_default().trim() {
                "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml" => {
                    return Self::Yaml;
                }
                "application/json" | "application/*" | "*/*" => return Self::Json,
                _ => {}
            }
        }
        Self::Json
    }

    /// Writes `value` so.
    ///
    /// # Errors
    ///
    /// When it cannot be written, which would be a bug.
    pub fn write(self, value: &impl Serialize) -> Result<Response, Problem> {
        match self {
            Self::Json => Ok(Json(value).into_response()),
            Self::Yaml => {
                let text = yaml(value)?;
                let kind = HeaderValue::from_static("application/yaml");
                Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
            }
        }
    }
}

/// A value as YAML.
///
/// # Errors
///
/// When it cannot be written, which would be a bug.
pub fn yaml(value: &impl Serialize) -> Result<String, Problem> {
    serde_saphyr::to_string(value).map_err(|_| problem::internal("write yaml"))
}

#[cfg(test)]
mod tests;
