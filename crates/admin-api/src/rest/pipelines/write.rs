//! A wish to change a pipeline in, the change in the store out, or why not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use pipeline_spec::{
    Pipeline, State,
    store::{AuditRecord, Change, Purge, Snapshot, Stored},
};
use serde_json::Value;
use service::problem::{FieldError, Problem};

use super::{
    Condition, OffsetsWish, WriteQuery,
    anew::{Anew, anew},
    prepare::prepare,
    refused::not_updated,
    rules::{alone, in_place, steady},
};
use crate::{auth::Identity, plan, problem, rest::document, state::App};

/// What became of a write.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The pipeline as it is now.
    pub stored: Stored,
    /// Whether it is new.
    pub created: bool,
    /// Whether anything was written.
    pub changed: bool,
    /// What whoever asked should know, for a person.
    pub note: Option<String>,
}

/// Creates a pipeline.
///
/// # Errors
///
/// 422 for a document that is wrong or cannot run as things are, 409 for a name that is taken.
pub async fn create(
    app: &App,
    who: &Identity,
    text: &str,
    query: &WriteQuery,
) -> Result<Written, Problem> {
    let spec = document::read(app, who, text).await?;
    let spec = spec.map_err(|invalid| problem::invalid(&invalid))?;
    let specs = app.specs()?;
    if specs.pipelines.contains_key(&spec.name) {
        return Err(taken(&spec.name));
    }
    alone(&specs, &spec, &app.config().namespace)?;
    let anew = begin(app, who, &spec, query).await?;
    let written = apply(app, who, &spec.name, "pipeline.create", |snapshot, now| {
        if snapshot.pipelines.contains_key(&spec.name) {
            return Err(taken(&spec.name));
        }
        alone(snapshot, &spec, &app.config().namespace)?;
        Ok(Some(fresh(&spec, who, now, anew.as_ref())))
    });
    Ok(Written { note: anew.as_ref().map(|anew| anew.note.clone()), ..written.await? })
}

/// Makes everything ready for a new pipeline; says how it begins where that is not as usual.
async fn begin(
    app: &App,
    who: &Identity,
    spec: &Pipeline,
    query: &WriteQuery,
) -> Result<Option<Anew>, Problem> {
    let plan = plan::gate(app, spec, None, query).await?;
    let anew = match query.offsets {
        Some(OffsetsWish::Restart) => Some(anew(app, who, spec).await?),
        Some(OffsetsWish::Resume) | None => None,
    };
    if let Some(plan) = &plan {
        prepare(app, spec, plan).await?;
    }
    Ok(anew)
}

/// Creates a pipeline or changes it. The same document again changes nothing.
///
/// # Errors
///
/// As [`create`]; 412 where `condition` does not hold, 409 for what cannot change in place.
pub async fn put(
    app: &App,
    who: &Identity,
    name: &str,
    text: &str,
    condition: &Condition,
    query: &WriteQuery,
) -> Result<Written, Problem> {
    let spec = document::read(app, who, text).await?;
    let spec = spec.map_err(|invalid| problem::invalid(&invalid))?;
    if spec.name != name {
        let message = format!("must be {name}, the name in the path");
        let error = FieldError { pointer: "/name".to_owned(), message };
        return Err(
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid pipeline").errors([error])
        );
    }
    let specs = app.specs()?;
    let before = specs.pipelines.get(name).cloned();
    condition.check(before.as_ref().map(|stored| stored.version))?;
    alone(&specs, &spec, &app.config().namespace)?;
    let mut anew = None;
    match &before {
        None => anew = begin(app, who, &spec, query).await?,
        Some(stored) if stored.spec.revision() != spec.revision() => {
            // What the servers say of a change that cannot be made helps nobody.
            steady(stored).and_then(|()| in_place(&stored.spec, &spec))?;
            let plan = plan::gate(app, &spec, before.as_deref(), query).await?;
            if let Some(plan) = &plan {
                prepare(app, &spec, plan).await?;
            }
        }
        Some(_) => {}
    }
    let what = if before.is_some() { "pipeline.update" } else { "pipeline.create" };
    let written = apply(app, who, name, what, |snapshot, now| {
        let current = snapshot.pipelines.get(name);
        condition.check(current.map(|stored| stored.version))?;
        alone(snapshot, &spec, &app.config().namespace)?;
        let Some(current) = current else {
            return Ok(Some(fresh(&spec, who, now, anew.as_ref())));
        };
        steady(current)?;
        in_place(&current.spec, &spec)?;
        let same = current.spec.revision() == spec.revision();
        Ok((!same).then(|| next(current, who, now, |stored| stored.spec = spec.clone())))
    });
    let written = written.await?;
    let note = anew.filter(|_| written.created).map(|anew| anew.note);
    Ok(Written { note, ..written })
}

/// Makes a pipeline move nothing.
///
/// # Errors
///
/// As [`super::delete`].
pub async fn pause(
    app: &App,
    who: &Identity,
    name: &str,
    condition: &Condition,
) -> Result<Written, Problem> {
    set_state(app, who, name, "pipeline.pause", condition, State::Paused).await
}

/// Makes a pipeline move records again.
///
/// # Errors
///
/// As [`super::delete`]; 409 while a reset of its offsets is being carried out.
pub async fn resume(
    app: &App,
    who: &Identity,
    name: &str,
    condition: &Condition,
) -> Result<Written, Problem> {
    set_state(app, who, name, "pipeline.resume", condition, State::Running).await
}

/// Makes its sinks begin anew.
///
/// # Errors
///
/// As [`super::delete`].
pub async fn restart(
    app: &App,
    who: &Identity,
    name: &str,
    condition: &Condition,
) -> Result<Written, Problem> {
    change(app, who, name, "pipeline.restart", condition, |current, now| {
        steady(current)?;
        Ok(Some(next(current, who, now, |stored| stored.restarts += 1)))
    })
    .await
}

async fn set_state(
    app: &App,
    who: &Identity,
    name: &str,
    what: &'static str,
    condition: &Condition,
    state: State,
) -> Result<Written, Problem> {
    change(app, who, name, what, condition, |current, now| {
        steady(current)?;
        if state == State::Running && current.reset.is_some() {
            return Err(problem::conflict(
                "a reset of its offsets is being carried out: resume it when /status shows none",
            ));
        }
        let same = current.spec.state == state;
        Ok((!same).then(|| next(current, who, now, |stored| stored.spec.state = state)))
    })
    .await
}

/// Changes a pipeline that exists; `None` leaves it as it is.
pub(crate) async fn change(
    app: &App,
    who: &Identity,
    name: &str,
    what: &'static str,
    condition: &Condition,
    decide: impl Fn(&Stored, i64) -> Result<Option<Stored>, Problem>,
) -> Result<Written, Problem> {
    apply(app, who, name, what, |snapshot, now| {
        let Some(current) = snapshot.pipelines.get(name) else {
            return Err(problem::not_found(&format!("pipeline {name}")));
        };
        condition.check(Some(current.version))?;
        decide(current, now)
    })
    .await
}

/// Lets `decide` see the newest state, stores what it says together with who did it, and
/// returns when this process has read it back.
async fn apply(
    app: &App,
    who: &Identity,
    name: &str,
    what: &'static str,
    decide: impl Fn(&Snapshot, i64) -> Result<Option<Stored>, Problem>,
) -> Result<Written, Problem> {
    let written = app.store().update(|snapshot| {
        let now = now_ms();
        let before = snapshot.pipelines.get(name);
        let Some(stored) = decide(snapshot, now)? else {
            // Nothing to decide means that there is one.
            let stored = before.map(|before| Stored::clone(before));
            let stored = stored.ok_or_else(|| problem::internal("decide about a pipeline"))?;
            return Ok((
                Vec::new(),
                Written { stored, created: false, changed: false, note: None },
            ));
        };
        let audit = AuditRecord {
            at_ms: now,
            who: who.name.clone(),
            what: what.to_owned(),
            subject: name.to_owned(),
            before: before.and_then(|before| as_value(before)),
            after: as_value(&stored),
        };
        let created = before.is_none();
        let written = Written { stored: stored.clone(), created, changed: true, note: None };
        Ok((vec![Change::Put { stored, audit }], written))
    });
    let written: Written = written.await.map_err(not_updated)?;
    if written.changed {
        app.metrics().changed(what, &who.name, name);
        let version = written.stored.version;
        app.until_seen(|specs| {
            specs.pipelines.get(name).is_some_and(|stored| stored.version >= version)
        })
        .await;
    }
    Ok(written)
}

fn as_value(stored: &Stored) -> Option<Value> {
    serde_json::to_value(stored).ok()
}

fn fresh(spec: &Pipeline, who: &Identity, now: i64, anew: Option<&Anew>) -> Stored {
    Stored {
        spec: spec.clone(),
        version: 1,
        created_at_ms: now,
        updated_at_ms: now,
        updated_by: who.name.clone(),
        restarts: 0,
        reset: anew.map(|anew| anew.reset.clone()),
        deleting: false,
        purge: Purge::default(),
        claim: None,
    }
}

/// The next version of `current`.
pub(crate) fn next(
    current: &Stored,
    who: &Identity,
    now: i64,
    change: impl FnOnce(&mut Stored),
) -> Stored {
    let mut stored = current.clone();
    stored.version += 1;
    stored.updated_at_ms = now;
    stored.updated_by.clone_from(&who.name);
    change(&mut stored);
    stored
}

fn taken(name: &str) -> Problem {
    problem::conflict(format!(
        "there is a pipeline {name} already: change it with PUT /v1/pipelines/{name}"
    ))
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
