//! Wishes about dead letters in, a page of them, one of them, or what became of a replay out.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use pipeline_spec::store::Stored;
use service::problem::Problem;

use crate::{
    auth::{Identity, Role},
    dead_letters::{self, Filter, LetterId, Replayed, Selection},
    page::{
        answer::{frame, html, in_a_line, told},
        fields::{Asked, Fields, Sent, address},
        fill::{self, one::live},
        view::{
            dead_letters::{DeadLettersPage, LetterPage},
            frame::{Frame, Notice, Section, Tone},
            number,
            pipeline::{Head, Tab},
        },
    },
    problem,
    rest::{
        dead_letters::{self as rest, LettersQuery},
        pipelines,
    },
    state::App,
};

/// Letters on one page.
const PER_PAGE: u32 = 50;

type Who = Extension<Identity>;

/// `GET /pipelines/{name}/dead-letters`. The list shows no contents, so that everybody may look.
pub(in crate::page) async fn list(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    let around = around(&app, &who, &name)?;
    html(&page(&app, &who, around, &fields).await)
}

async fn page(
    app: &App,
    who: &Identity,
    (stored, frame, head): (Arc<Stored>, Frame, Head),
    fields: &Fields,
) -> DeadLettersPage {
    let name = &stored.spec.name;
    let reason = fields.text("reason").to_owned();
    let cursor = fields.text("cursor");
    let query = LettersQuery {
        reason: Some(reason.clone()).filter(|reason| !reason.is_empty()),
        cursor: (!cursor.is_empty()).then(|| cursor.to_owned()),
        limit: Some(PER_PAGE),
        ..LettersQuery::default()
    };
    let export = format!("/v1/pipelines/{name}/dead-letters/export");
    let mut page = DeadLettersPage {
        frame,
        head,
        topic: dead_letters::topic(&app.config().namespace, name),
        kept: None,
        rows: Vec::new(),
        total: String::new(),
        newest: cursor.is_empty(),
        older: None,
        trouble: None,
        exists: true,
        replays_known: true,
        export: address(&export, &[("reason", reason.as_str())]),
        can_replay: who.role >= Role::Operator && !stored.deleting,
        reason,
    };
    page.frame.notice = told(fields);
    match rest::page(app, name, &query).await {
        Ok(found) => {
            page.kept = found.retention_ms.map(|ms| match u64::try_from(ms) {
                Ok(ms) => number::duration(ms),
                Err(_) => "ever".to_owned(),
            });
            page.rows = found.letters.iter().map(fill::letters::row).collect();
            page.total = number::count(found.total);
            page.exists = found.exists;
            page.replays_known = found.replays_known;
            page.older = found.next.map(|next| {
                let path = format!("/pipelines/{name}/dead-letters");
                address(&path, &[("reason", page.reason.as_str()), ("cursor", next.as_str())])
            });
        }
        Err(problem) => page.trouble = Some(in_a_line(&problem)),
    }
    page
}

/// `GET /pipelines/{name}/dead-letters/{id}`.
pub(in crate::page) async fn one(
    State(app): State<App>,
    Extension(who): Who,
    Path((name, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (stored, frame, head) = around(&app, &who, &name)?;
    let place = letter_id(&id);
    let place = place.ok_or_else(|| problem::not_found(&format!("dead letter {id} of {name}")))?;
    let letter = rest::one(&app, &name, place).await?;
    html(&LetterPage {
        frame,
        head,
        row: fill::letters::row(&letter),
        headers: fill::letters::headers(&letter),
        key: fill::letters::contents(letter.key.as_ref()),
        value: fill::letters::value(&letter),
        can_replay: !stored.deleting,
    })
}

/// `POST /pipelines/{name}/dead-letters/replay`.
pub(in crate::page) async fn replay(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    let around = around(&app, &who, &name)?;
    let selection = selection(&fields)?;
    let done = rest::replay(&app, &who, &name, &selection, fields.ticked("force")).await?;
    let mut page = page(&app, &who, around, &Fields::default()).await;
    page.frame.notice = Some(notice(&done));
    html(&page)
}

/// The pipeline, and what surrounds and is above every page about its dead letters.
fn around(app: &App, who: &Identity, name: &str) -> Result<(Arc<Stored>, Frame, Head), Problem> {
    let stored = pipelines::get(app, name)?;
    let status = pipelines::status(app, name)?;
    let frame = live(frame(Some(who), name, Section::Pipelines), &status, Tab::DeadLetters);
    let head = fill::one::head(&stored, &status, Tab::DeadLetters);
    Ok((stored, frame, head))
}

fn selection(fields: &Fields) -> Result<Selection, Problem> {
    if fields.text("what") == "all" {
        let reason = fields.text("reason");
        let reason = (!reason.is_empty()).then(|| reason.to_owned());
        return Ok(Selection::All(Filter { reason, ..Filter::default() }));
    }
    let picked: Option<Vec<LetterId>> = fields.all("pick").map(letter_id).collect();
    match picked {
        Some(picked) if !picked.is_empty() => Ok(Selection::Letters(picked)),
        _ => Err(problem::bad_request("tick the dead letters to replay first")),
    }
}

/// The place of a letter, `partition-offset`.
fn letter_id(text: &str) -> Option<LetterId> {
    let (partition, offset) = text.split_once('-')?;
    Some(LetterId { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
}

fn notice(done: &Replayed) -> Notice {
    let refusals = done.refusals.iter().map(|refused| {
        let why = serde_json::to_value(refused.why).ok();
        let why = why.as_ref().and_then(|why| why.as_str()).unwrap_or("not replayed").to_owned();
        format!("{}-{}: {why}", refused.letter.partition, refused.letter.offset)
    });
    let went = match done.replayed {
        1 => "1 record is on its way through the pipeline".to_owned(),
        many => format!("{} records are on their way through the pipeline", number::count(many)),
    };
    let text = match done.refused {
        0 => format!("{went}."),
        1 => format!("{went}, 1 is not."),
        many => format!("{went}, {} are not.", number::count(many)),
    };
    let tone = if done.refused > 0 || done.stopped.is_some() { Tone::Warn } else { Tone::Good };
    Notice { tone, text, details: done.stopped.iter().cloned().chain(refusals).collect() }
}

#[cfg(test)]
mod tests;
