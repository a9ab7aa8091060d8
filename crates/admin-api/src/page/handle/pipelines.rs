//! Wishes about pipelines in, the list, the state of one, or what was done out.

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use pipeline_spec::{Selector, store::Purge};
use serde::{
    Deserialize,
    de::{IntoDeserializer, value::Error},
};
use service::problem::Problem;

use crate::{
    auth::Identity,
    page::{
        answer::{frame, html, now_ms, see_other, told},
        fields::{Asked, Sent, address},
        fill,
        view::{
            frame::Section,
            overview::{Filter, Overview},
            pager::Pager,
            pipeline::{PipelinePage, Tab},
        },
    },
    problem,
    rest::{
        paging,
        pipelines::{self, Condition, ListQuery, PipelineSummary, Written},
    },
    state::App,
};

/// Pipelines on one page.
pub(in crate::page) const PER_PAGE: usize = 50;

type Who = Extension<Identity>;

/// All pipelines there are.
pub(in crate::page) fn all(app: &App) -> Result<Vec<PipelineSummary>, Problem> {
    let mut all = Vec::new();
    let mut offset = Some(0);
    while let Some(from) = offset {
        let limit = Some(paging::LIMIT_MAX);
        let query = ListQuery { offset: Some(from), limit, ..ListQuery::default() };
        let page = pipelines::list(app, &query)?;
        all.extend(page.items);
        offset = page.next;
    }
    Ok(all)
}

/// `GET /`.
pub(in crate::page) async fn overview(
    State(app): State<App>,
    Extension(who): Who,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    let mut filter = Filter {
        text: fields.text("q").to_owned(),
        state: fields.text("state").to_owned(),
        selector: fields.text("selector").to_owned(),
        selector_error: None,
        sort: fields.text("sort").to_owned(),
    };
    if filter.sort.is_empty() {
        "state".clone_into(&mut filter.sort);
    }
    filter.selector_error =
        filter.selector.parse::<Selector>().err().map(|error| error.to_string());
    let totals = fill::list::totals(&all(&app)?);
    let wanted: usize = fields.number("page").unwrap_or(1).max(1);
    let mut query = query(&filter, wanted);
    let mut found = pipelines::list(&app, &query)?;
    let last = found.total.div_ceil(PER_PAGE).max(1);
    let page = wanted.min(last);
    if page != wanted {
        query.offset = offset(page);
        found = pipelines::list(&app, &query)?;
    }
    let pager = Pager::new(page, PER_PAGE, found.total, "pipelines", |page| {
        let page = page.to_string();
        address("/", &with_page(&filter, &page))
    });
    let rows: Vec<_> = found.items.iter().map(|one| fill::list::row(one, app.page())).collect();
    let mut frame = frame(Some(&who), "Pipelines", Section::Pipelines);
    frame.notice = told(&fields);
    let names: Vec<_> = rows.iter().map(|row| ("name", row.name.as_str())).collect();
    frame.events = (!names.is_empty()).then(|| address("/events", &names));
    frame.shape = fill::list::shape(&totals);
    let number = page.to_string();
    frame.fresh = Some(address("/", &with_page(&filter, &number)));
    html(&Overview { frame, totals, filter, rows, pager })
}

fn with_page<'a>(filter: &'a Filter, page: &'a str) -> [(&'static str, &'a str); 5] {
    [
        ("q", &filter.text),
        ("state", &filter.state),
        ("selector", &filter.selector),
        ("sort", &filter.sort),
        ("page", page),
    ]
}

fn query(filter: &Filter, page: usize) -> ListQuery {
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    ListQuery {
        offset: offset(page),
        limit: u32::try_from(PER_PAGE).ok(),
        selector: some(&filter.selector).filter(|_| filter.selector_error.is_none()),
        state: word(&filter.state),
        q: some(&filter.text),
        sort: word(&filter.sort),
    }
}

fn offset(page: usize) -> Option<u32> {
    u32::try_from((page - 1).saturating_mul(PER_PAGE)).ok()
}

/// One of the words of an enum; none when it is no such word.
fn word<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
    let text: serde::de::value::StrDeserializer<'_, Error> = text.into_deserializer();
    T::deserialize(text).ok()
}

/// `GET /pipelines/{name}`.
pub(in crate::page) async fn status(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    let stored = pipelines::get(&app, &name)?;
    let status = pipelines::status(&app, &name)?;
    let now_ms = now_ms();
    let frame = frame(Some(&who), &name, Section::Pipelines);
    let mut frame = fill::one::live(frame, &status, Tab::Status);
    frame.notice = told(&fields);
    let (partitions, partitions_left_out) = fill::one::partitions(&status);
    html(&PipelinePage {
        frame,
        head: fill::one::head(&stored, &status, Tab::Status),
        trouble: fill::one::trouble(&status),
        tiles: fill::one::tiles(&status, &app.page().series(&name)),
        guarantee: fill::one::guarantee(&status),
        partitions,
        partitions_left_out,
        instances: fill::one::instances(&status, now_ms),
        skipped: fill::one::skipped(&status),
        errors: fill::one::errors(&status, now_ms),
        belongings: fill::one::belongings(&status, &app.config().namespace),
    })
}

/// `POST /pipelines/{name}/pause`.
pub(in crate::page) async fn pause(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    let written = pipelines::pause(&app, &who, &name, &condition(&fields)).await?;
    Ok(back(&written, "paused"))
}

/// `POST /pipelines/{name}/resume`.
pub(in crate::page) async fn resume(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    let written = pipelines::resume(&app, &who, &name, &condition(&fields)).await?;
    Ok(back(&written, "resumed"))
}

/// `POST /pipelines/{name}/restart`.
pub(in crate::page) async fn restart(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    let written = pipelines::restart(&app, &who, &name, &condition(&fields)).await?;
    Ok(back(&written, "restarted"))
}

/// `POST /pipelines/{name}/delete`.
pub(in crate::page) async fn delete(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    if fields.text("confirm") != name {
        return Err(problem::bad_request("the name typed to confirm is not that of the pipeline"));
    }
    let ticked = |what: &str| fields.all("purge").any(|purge| purge == what);
    let purge = Purge { offsets: ticked("offsets"), dead_letters: ticked("dead-letters") };
    pipelines::delete(&app, &who, &name, &condition(&fields), Some(purge)).await?;
    Ok(see_other(&address("/", &[("done", "deleted")])))
}

/// The version that the form was made from: a form that is older than a change is refused.
pub(in crate::page) fn condition(fields: &crate::page::fields::Fields) -> Condition {
    fields.number("version").map_or_else(Condition::default, Condition::version)
}

/// To the page of a pipeline, saying what was done.
pub(in crate::page) fn back(written: &Written, done: &str) -> Response {
    let done = if written.changed { done } else { "same" };
    let path = format!("/pipelines/{}", written.stored.spec.name);
    see_other(&address(&path, &[("done", done)]))
}
