//! A filled page in, a response out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use service::problem::Problem;

use super::{
    assets,
    fields::Fields,
    view::{
        frame::{Frame, Notice, Person, Section},
        gate::{ErrorPage, advice},
        plan,
    },
};
use crate::{
    auth::{Identity, Role},
    problem,
};

/// What surrounds a page of `section` for `who`.
pub(super) fn frame(who: Option<&Identity>, title: &str, section: Section) -> Frame {
    let [style, script, icon] = assets::addresses();
    Frame {
        title: title.to_owned(),
        section: who.map(|_| section),
        person: who.map(|who| Person {
            name: who.name.clone(),
            role: who.role.as_str().to_owned(),
            operates: who.role >= Role::Operator,
            administers: who.role >= Role::Admin,
        }),
        csrf: who.and_then(|who| who.csrf.clone()).unwrap_or_default(),
        notice: None,
        style,
        script,
        icon,
        events: None,
        shape: String::new(),
        fresh: None,
    }
}

/// The page as HTML.
pub(super) fn html(page: &impl Template) -> Result<Response, Problem> {
    let text = page.render().map_err(|_| problem::internal("render page"))?;
    Ok(Html(text).into_response())
}

/// The page as HTML, for a request that could not be met.
pub(super) fn html_with(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
    let mut response = html(page)?;
    *response.status_mut() = status;
    Ok(response)
}

/// Sends the browser to another page of ours, with GET.
pub(super) fn see_other(address: &str) -> Response {
    let Ok(address) = HeaderValue::try_from(address) else {
        return problem::internal("address a page").into_response();
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}

/// The page instead of the one that was asked for.
pub(crate) fn error(problem: &Problem, who: Option<&Identity>) -> Response {
    let status = problem.status();
    let page = ErrorPage {
        frame: frame(who, problem.title(), Section::Pipelines),
        status: status.as_u16(),
        title: upper_first(problem.title()),
        detail: problem.detail_text().map(str::to_owned),
        problems: problems(problem),
        advice: advice(status.as_u16()),
        way: None,
    };
    html_with(status, &page).unwrap_or_else(IntoResponse::into_response)
}

/// A problem above a page that can be shown all the same.
pub(super) fn notice(problem: &Problem) -> Notice {
    let mut text = upper_first(problem.title());
    if let Some(detail) = problem.detail_text() {
        text = format!("{text}: {detail}");
    }
    let details = problem.field_errors().iter();
    Notice {
        details: details.map(|error| format!("{} {}", error.pointer, error.message)).collect(),
        ..Notice::bad(text)
    }
}

/// What is wrong with each field.
pub(super) fn problems(problem: &Problem) -> Vec<plan::Problem> {
    let errors = problem.field_errors().iter();
    errors
        .map(|error| plan::Problem {
            pointer: error.pointer.clone(),
            message: error.message.clone(),
        })
        .collect()
}

/// A problem in one line.
pub(super) fn in_a_line(problem: &Problem) -> String {
    match problem.detail_text() {
        Some(detail) => format!("{}: {detail}", problem.title()),
        None => problem.title().to_owned(),
    }
}

/// Good news that the address asks to be told. Its words are ours: an address cannot make the
/// page say anything else.
pub(super) fn told(fields: &Fields) -> Option<Notice> {
    let text = match fields.text("done") {
        "created" => "The pipeline is created. A sink that its labels fit takes it within seconds.",
        "changed" => "The change is saved. It takes effect once what is in flight has landed.",
        "same" => "Nothing was to change.",
        "paused" => "It was told to pause. What is in flight lands first.",
        "resumed" => "It was told to run.",
        "restarted" => "It was told to begin anew, from where it is committed.",
        "deleted" => "It drains and is then removed, with what you ticked. The table stays.",
        "reset" => "The offsets are recorded; the owner of each partition sets its own.",
        "replayed" => "The dead letters are on their way through the pipeline.",
        "generator" => "The generator is told.",
        "connector" => "Kafka Connect is told.",
        _ => return None,
    };
    Some(Notice::done(text))
}

pub(super) fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
