//! A document that is being written in, its plan or the pipeline that it became out.

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use pipeline_spec::Pipeline;
use service::problem::Problem;
use sha2::{Digest, Sha256};

use super::pipelines::{back, condition};
use crate::{
    auth::Identity,
    page::{
        answer::{frame, html, html_with, notice, now_ms, told},
        fields::{Asked, Fields, Sent},
        fill::{self, one::live},
        view::{
            changes::changes,
            draft::{DraftPage, PlanPage, SpecPage},
            frame::{Notice, Section, Tone},
            pipeline::Tab,
            plan as plan_view,
        },
    },
    plan,
    rest::{
        audit::{self, AuditQuery},
        document,
        lines::DiffLine,
        pipelines::{self, OffsetsWish, WriteQuery},
    },
    state::App,
};

type Who = Extension<Identity>;

/// Changes that are shown below a document.
const HISTORY: u32 = 20;

/// `POST /new/plan`.
pub(in crate::page) async fn plan_new(
    State(app): State<App>,
    Extension(who): Who,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    html(&planned_new(&app, &who, sent(&fields), None).await?)
}

/// `POST /new/create`. Creates what was planned; a document that differs from it is planned
/// first.
pub(in crate::page) async fn create(
    State(app): State<App>,
    Extension(who): Who,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    let document = sent(&fields);
    if fields.text("planned") != mark(&document) {
        return html(&planned_new(&app, &who, document, Some(differs())).await?);
    }
    let query = WriteQuery { offsets: offsets(&fields), ..WriteQuery::default() };
    match pipelines::create(&app, &who, &document, &query).await {
        Ok(written) => Ok(back(&written, "created")),
        Err(problem) => {
            let page = planned_new(&app, &who, document, Some(notice(&problem))).await?;
            html_with(problem.status(), &page)
        }
    }
}

async fn planned_new(
    app: &App,
    who: &Identity,
    document: String,
    notice: Option<Notice>,
) -> Result<DraftPage, Problem> {
    let plan = plan::make(app, who, &document).await?;
    let mut frame = frame(Some(who), "New pipeline", Section::Pipelines);
    frame.notice = notice;
    let mut plan = fill::plan::view(&plan);
    let problems = taken(app, &document)?;
    if !problems.is_empty() {
        // What was planned is a change of the one that has the name.
        plan.ready = false;
        "There is a pipeline of this name already.".clone_into(&mut plan.verdict);
    }
    Ok(DraftPage {
        frame,
        sketch: None,
        problems,
        plan: Some(plan),
        planned: mark(&document),
        document,
        step: 3,
    })
}

/// What is wrong with the name of a pipeline that is to be new.
fn taken(app: &App, document: &str) -> Result<Vec<plan_view::Problem>, Problem> {
    let Ok(spec) = Pipeline::from_yaml(document) else { return Ok(Vec::new()) };
    let taken = app.specs()?.pipelines.contains_key(&spec.name);
    let problem = || plan_view::Problem {
        pointer: "/name".to_owned(),
        message: format!("{} is taken: choose another name, or edit that pipeline", spec.name),
    };
    Ok(taken.then(problem).into_iter().collect())
}

/// `GET /pipelines/{name}/plan`.
pub(in crate::page) async fn plan_of(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let stored = pipelines::get(&app, &name)?;
    let status = pipelines::status(&app, &name)?;
    let plan = plan::make(&app, &who, &text_of(&stored.spec)?).await?;
    html(&PlanPage {
        frame: live(frame(Some(&who), &name, Section::Pipelines), &status, Tab::Plan),
        head: fill::one::head(&stored, &status, Tab::Plan),
        plan: fill::plan::view(&plan),
    })
}

/// `GET /pipelines/{name}/spec`.
pub(in crate::page) async fn spec(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    let mut page = spec_page(&app, &who, &name, None).await?;
    page.frame.notice = told(&fields);
    html(&page)
}

/// `POST /pipelines/{name}/spec`: what the changed document would do.
pub(in crate::page) async fn plan_change(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    html(&planned_change(&app, &who, &name, &fields, None).await?)
}

/// `POST /pipelines/{name}/spec/save`.
pub(in crate::page) async fn save(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    let document = sent(&fields);
    if fields.text("planned") != mark(&document) {
        return html(&planned_change(&app, &who, &name, &fields, Some(differs())).await?);
    }
    let query = WriteQuery { offsets: offsets(&fields), ..WriteQuery::default() };
    let condition = condition(&fields);
    match pipelines::put(&app, &who, &name, &document, &condition, &query).await {
        Ok(written) => Ok(back(&written, "changed")),
        Err(problem) => {
            let notice = notice(&problem);
            let page = planned_change(&app, &who, &name, &fields, Some(notice)).await?;
            html_with(problem.status(), &page)
        }
    }
}

async fn planned_change(
    app: &App,
    who: &Identity,
    name: &str,
    fields: &Fields,
    notice: Option<Notice>,
) -> Result<SpecPage, Problem> {
    let document = sent(fields);
    let mut page = spec_page(app, who, name, Some(&document)).await?;
    let plan = plan::make(app, who, &document).await?;
    page.plan = Some(fill::plan::view(&plan));
    page.planned = mark(&document);
    page.document = document;
    // The version that the edit began with: somebody else's change in between is not undone.
    if let Some(version) = fields.number::<u64>("version") {
        page.version = version.to_string();
    }
    page.frame.notice = notice;
    Ok(page)
}

async fn spec_page(
    app: &App,
    who: &Identity,
    name: &str,
    edited: Option<&str>,
) -> Result<SpecPage, Problem> {
    let stored = pipelines::get(app, name)?;
    let status = pipelines::status(app, name)?;
    let document = text_of(&stored.spec)?;
    let query = AuditQuery { before: None, limit: Some(HISTORY), subject: Some(name.to_owned()) };
    // The document can be edited without its history.
    let history = audit::page(app, &query).await.map(|page| page.items).unwrap_or_default();
    let now_ms = now_ms();
    Ok(SpecPage {
        frame: live(frame(Some(who), name, Section::Pipelines), &status, Tab::Spec),
        head: fill::one::head(&stored, &status, Tab::Spec),
        changes: edited.map(|edited| edits(&document, edited)).unwrap_or_default(),
        version: stored.version.to_string(),
        problems: Vec::new(),
        plan: None,
        planned: String::new(),
        history: history.iter().map(|entry| fill::audit::row(entry, now_ms)).collect(),
        document,
    })
}

/// What differs, as documents: comments and the order of fields do not count, where the new one
/// can be read.
fn edits(stored: &str, edited: &str) -> Vec<DiffLine> {
    let read = Pipeline::from_yaml(edited).ok().and_then(|spec| text_of(&spec).ok());
    changes(stored, read.as_deref().unwrap_or(edited))
}

fn text_of(spec: &Pipeline) -> Result<String, Problem> {
    document::yaml(spec)
}

/// The document that was sent, with line ends of one kind: browsers send two characters.
fn sent(fields: &Fields) -> String {
    fields.raw("document").replace("\r\n", "\n")
}

/// Tells whether a document is the one that was planned.
pub(in crate::page) fn mark(document: &str) -> String {
    let hash = Sha256::digest(document);
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn offsets(fields: &Fields) -> Option<OffsetsWish> {
    match fields.text("offsets") {
        "resume" => Some(OffsetsWish::Resume),
        "restart" => Some(OffsetsWish::Restart),
        _ => None,
    }
}

fn differs() -> Notice {
    let text = "The document differs from the plan that you saw. This is its plan now.";
    Notice { tone: Tone::Warn, ..Notice::done(text) }
}
