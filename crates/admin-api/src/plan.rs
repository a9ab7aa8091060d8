//! A pipeline document in, everything it would do, and every reason why it could not, out.

use axum::http::StatusCode;
use pipeline_spec::{Pipeline, store::Stored};
use service::problem::{FieldError, Problem};

use crate::{
    auth::{Identity, Role},
    problem,
    rest::{
        document,
        pipelines::{WriteQuery, alone, fixed},
    },
    state::App,
};

pub mod avro_json;
mod group;
mod kafka_rights;
mod model;
mod rows;
mod source;
mod table;

pub use self::model::{
    ColumnPlan, GroupPlan, GuaranteeFinding, GuaranteePlan, MissingRight, Note, Plan, RowPlan,
    TablePlan, TopicPlan,
};
pub(crate) use self::source::schema as schema_by_id;

/// Finds out what a document would do, and changes nothing. What is wrong with it is part of the
/// plan. Contents of records are left out for those who may not see them.
///
/// # Errors
///
/// 403 for a document that only an admin may write; while this process has not read the pipelines
/// yet.
pub async fn make(app: &App, who: &Identity, text: &str) -> Result<Plan, Problem> {
    let spec = match document::read(app, who, text).await? {
        Ok(spec) => spec,
        Err(invalid) => {
            let mut plan = Plan { change: "none".to_owned(), ..Plan::default() };
            for found in &invalid.problems {
                plan.error(&found.pointer, found.message.clone());
            }
            return Ok(plan);
        }
    };
    let specs = app.specs()?;
    let stored = specs.pipelines.get(&spec.name);
    let rows = if who.role >= Role::Operator { Rows::Shown } else { Rows::Withheld };
    let mut plan = look(app, &spec, stored.map(|stored| &**stored), rows).await;
    for FieldError { pointer, message } in
        stored.map(|stored| fixed(&stored.spec, &spec)).unwrap_or_default()
    {
        plan.error(&pointer, message);
    }
    if let Err(problem) = alone(&specs, &spec, &app.config().namespace) {
        plan.error("", problem.detail_text().unwrap_or("another pipeline is in its way"));
    }
    let runnable = plan.errors().next().is_none();
    plan.runnable = runnable;
    Ok(plan)
}

/// Lets a document through that could run as things are now, and tells what is wrong with any
/// other. What cannot be found out stops nobody: the pipeline waits for it too. Answers with the
/// plan, unless nobody wants to know.
///
/// # Errors
///
/// 422 with what is wrong, 409 where it must be said what to do with old offsets.
pub(crate) async fn gate(
    app: &App,
    spec: &Pipeline,
    before: Option<&Stored>,
    query: &WriteQuery,
) -> Result<Option<Plan>, Problem> {
    if query.force {
        return Ok(None);
    }
    let plan = look(app, spec, before, Rows::Omitted).await;
    if plan.errors().next().is_some() {
        let errors = plan.errors().map(|note| FieldError {
            pointer: note.pointer.clone(),
            message: note.message.clone(),
        });
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the pipeline cannot run")
            .detail(
                "as things are now; `dry_run=true` shows the whole plan, `force=true` stores it",
            )
            .errors(errors));
    }
    if plan.group.wants.is_some() && query.offsets.is_none() {
        return Err(problem::conflict(format!(
            "the consumer group {} has offsets already, from a pipeline of that name or another \
             program: add offsets=resume to the query to go on there, offsets=restart to begin at \
             source.start, or give source.group another name",
            plan.group.name
        )));
    }
    Ok(Some(plan))
}

/// What to do about records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    Shown,
    Withheld,
    Omitted,
}

async fn look(app: &App, spec: &Pipeline, stored: Option<&Stored>, rows: Rows) -> Plan {
    let revision = spec.revision();
    let change = match stored {
        None => "create",
        Some(stored) if stored.spec.revision() == revision => "none",
        Some(_) => "change",
    };
    let mut plan =
        Plan { name: spec.name.clone(), revision, change: change.to_owned(), ..Plan::default() };
    let topics = source::look(app, spec, &mut plan).await;
    group::look(app, spec, stored.is_none(), &topics, &mut plan).await;
    if rows != Rows::Omitted {
        kafka_rights::look(app, spec, &mut plan).await;
    }
    let samples = match rows {
        Rows::Shown => rows::sample(app, &topics).await,
        Rows::Withheld | Rows::Omitted => Ok(Vec::new()),
    };
    let schemas = source::schemas(app, &topics, samples.as_deref().unwrap_or_default(), &mut plan);
    let schemas = schemas.await;
    let mappings = table::look(app, spec, &schemas, &mut plan).await;
    match (rows, samples) {
        (Rows::Withheld, _) => {
            plan.rows_withheld = Some("contents of records need the role operator".to_owned());
        }
        (Rows::Omitted, _) => {}
        (Rows::Shown, Err(problem)) => {
            plan.rows_withheld = Some(problem.detail_text().unwrap_or("not read").to_owned());
        }
        (Rows::Shown, Ok(samples)) => {
            if samples.is_empty() {
                plan.rows_withheld = Some("the topics hold no records yet".to_owned());
            }
            rows::decode(app, spec, &samples, &mappings, &mut plan).await;
        }
    }
    let runnable = plan.errors().next().is_none();
    plan.runnable = runnable;
    plan
}
