//! A wish where a pipeline shall go on in, what that does out, and the reset itself.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Extension, Json,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
};
use pipeline_spec::{
    State as Wanted,
    store::{PartitionOffset, Reset, Snapshot, Stored},
};
use serde::{Deserialize, Serialize};
use service::problem::Problem;
use target::{RemoveError, rights::Right};
use tokio::time::{self, Instant};
use utoipa::{IntoParams, ToSchema};

use super::pipelines::{self, Condition, Overall, change, next, now_ms, steady};
use crate::{
    auth::{Identity, random_secret},
    chores, kafka,
    offsets::{self, Limits, OffsetsError, Plan, Subject, Way},
    problem,
    state::App,
};

mod topics;

/// How long an answer waits for the owners of the partitions.
const CARRIED_OUT_WITHIN: Duration = Duration::from_secs(60);
/// How long rows may take to be deleted.
const DELETED_WITHIN: Duration = Duration::from_secs(120);
/// Longest search for offsets.
const SEARCH_MAX: Duration = Duration::from_secs(300);

/// What is asked of a reset, besides where to go on.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ResetQuery {
    /// Answer with what it would do and change nothing.
    pub dry_run: bool,
    /// Delete the rows that would be there twice, once the offsets are set.
    pub delete_rows: bool,
}

/// What became of a reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResetAnswer {
    /// What it does to each partition.
    pub plan: Plan,
    /// Its id; none for a dry run.
    pub id: Option<String>,
    /// Whether every owner has set its offsets, and the rows are deleted where that was asked
    /// for. Otherwise that goes on, also if the admin API is restarted: `/status` shows the reset
    /// until it is done, and the pipeline cannot be resumed before.
    pub done: bool,
    /// Rows that were deleted and are not there any more, where that was asked for.
    pub rows_deleted: Option<u64>,
}

/// Sets where a paused or failed pipeline goes on.
///
/// # Errors
///
/// 409 while it runs or no sink has it, 422 for offsets that cannot be.
pub async fn reset(
    app: &App,
    who: &Identity,
    name: &str,
    way: &Way,
    condition: &Condition,
    query: ResetQuery,
) -> Result<ResetAnswer, Problem> {
    let stored = pipelines::get(app, name)?;
    condition.check(Some(stored.version))?;
    if !query.dry_run {
        still(app, &stored)?;
    }
    if query.delete_rows {
        may_delete(app, &stored).await?;
    }
    let plan = plan(app, &stored, way).await?;
    let answer = ResetAnswer { plan, id: None, done: false, rows_deleted: None };
    if query.dry_run {
        return Ok(answer);
    }
    let wished = wish(&answer.plan, who, query.delete_rows);
    if wished.offsets.is_empty() {
        return Err(problem::conflict("there is no partition whose offset this would set"));
    }
    let (id, offsets) = (wished.id.clone(), wished.offsets.clone());
    app.setbacks().clear(name);
    // What was looked at must still be what is there.
    let seen = Condition::version(stored.version);
    change(app, who, name, "pipeline.reset", &seen, |current, now| {
        still(app, current)?;
        if chores::is_claimed(current, now) {
            return Err(problem::conflict(
                "rows of the reset before are just being deleted: send it again in half a minute",
            ));
        }
        let reset = Reset { requested_at_ms: now, ..wished.clone() };
        Ok(Some(next(current, who, now, |stored| stored.reset = Some(reset))))
    })
    .await?;
    let done = carried_out(app, name, &id, &offsets).await;
    let mut answer = ResetAnswer { id: Some(id.clone()), done, ..answer };
    if done && query.delete_rows {
        answer.done = deleted(app, name, &id).await?;
        if answer.done {
            let left = left(app, &stored, &answer.plan).await;
            let before = answer.plan.rows_to_delete;
            answer.rows_deleted =
                before.zip(left).map(|(before, left)| before.saturating_sub(left));
        }
    } else if done {
        cross_off(app, who, name, &id).await?;
    }
    Ok(answer)
}

/// The offsets of a plan as a wish for their owners.
pub(crate) fn wish(plan: &Plan, who: &Identity, delete_rows: bool) -> Reset {
    let offsets = plan.offsets().into_iter();
    Reset {
        id: random_secret().chars().take(32).collect(),
        requested_at_ms: now_ms(),
        by: who.name.clone(),
        offsets: offsets
            .map(|at| PartitionOffset {
                topic: at.topic,
                partition: at.partition,
                offset: at.offset,
            })
            .collect(),
        delete_rows,
    }
}

/// That rows can be deleted, before anything is begun.
async fn may_delete(app: &App, stored: &Stored) -> Result<(), Problem> {
    let (database, table) = (&stored.spec.target.database, &stored.spec.target.table);
    let right = Right { privilege: "ALTER DELETE", database, table: Some(table) };
    let may = app.target().has_right(&right).await;
    if may.map_err(|error| problem::clickhouse(&error))? == Some(false) {
        return Err(problem::conflict(format!(
            "the account that looks at tables may not delete rows; nothing was changed: {}",
            right.grant(&app.config().clickhouse.schema_user)
        )));
    }
    Ok(())
}

/// Waits until the chores have deleted the rows of a reset and crossed it off; `false` when they
/// are still at it.
async fn deleted(app: &App, name: &str, id: &str) -> Result<bool, Problem> {
    let is_pending = |specs: &Snapshot| {
        let stored = specs.pipelines.get(name);
        let reset = stored.and_then(|stored| stored.reset.as_ref());
        reset.is_some_and(|reset| reset.id == id)
    };
    let mut specs = app.specs_changes();
    let crossed_off =
        specs.wait_for(|specs| specs.as_deref().is_some_and(|specs| !is_pending(specs)));
    tokio::select! {
        gone = crossed_off => Ok(gone.is_ok()),
        problem = app.setbacks().failed(name) => Err(problem),
        () = time::sleep(DELETED_WITHIN) => Ok(false),
    }
}

/// Rows of these offsets that are there; none when they cannot be counted.
async fn left(app: &App, stored: &Stored, plan: &Plan) -> Option<u64> {
    let client = kafka::client(app.config());
    let subject = subject(app, stored, &client);
    offsets::delete::count(&subject, &plan.offsets()).await.ok().flatten()
}

/// Whoever was told that it is done may resume at once; otherwise the chores would do this soon.
async fn cross_off(app: &App, who: &Identity, name: &str, id: &str) -> Result<(), Problem> {
    let any = Condition::default();
    let crossed_off = change(app, who, name, "pipeline.reset-done", &any, |current, now| {
        let is_ours = current.reset.as_ref().is_some_and(|reset| reset.id == id);
        Ok(is_ours.then(|| next(current, who, now, |stored| stored.reset = None)))
    });
    crossed_off.await.map(drop)
}

/// That the pipeline moves nothing, and somebody is there to set its offsets.
fn still(app: &App, stored: &Stored) -> Result<(), Problem> {
    steady(stored)?;
    let state = pipelines::status(app, &stored.spec.name)?.state;
    if state == Overall::NoSink {
        return Err(problem::conflict(
            "no sink runs this pipeline, and only the owner of a partition sets its offset: start \
             a sink",
        ));
    }
    if stored.spec.state != Wanted::Paused && state != Overall::Failed {
        return Err(problem::conflict(format!(
            "it is running: pause it first, POST /v1/pipelines/{}/pause",
            stored.spec.name
        )));
    }
    Ok(())
}

async fn plan(app: &App, stored: &Stored, way: &Way) -> Result<Plan, Problem> {
    let unsure = match way {
        Way::Table | Way::Mirror => topics::check(app, stored)?,
        Way::Earliest
        | Way::Latest
        | Way::Timestamp { .. }
        | Way::Explicit { .. }
        | Way::Group { .. } => Vec::new(),
    };
    let client = kafka::client(app.config());
    let subject = subject(app, stored, &client);
    let statuses = app.status();
    let mirrors: BTreeMap<(String, i32), i64> = statuses
        .mirrors
        .iter()
        .filter(|((of, ..), _)| *of == stored.spec.name)
        .map(|((_, topic, partition), mirror)| ((topic.clone(), *partition), mirror.offset))
        .collect();
    let limits = Limits { time_max: SEARCH_MAX, ..Limits::default() };
    let plan = offsets::plan(&subject, way, &mirrors, &limits, &|_| {}).await;
    let mut plan = plan.map_err(|error| refused(&error))?;
    plan.warnings.extend(unsure);
    Ok(plan)
}

fn subject<'a>(app: &'a App, stored: &'a Stored, kafka: &'a rdkafka::ClientConfig) -> Subject<'a> {
    Subject {
        kafka,
        namespace: &app.config().namespace,
        pipeline: &stored.spec,
        target: app.target(),
    }
}

/// Waits until the owner of every partition says that it has set the offset.
async fn carried_out(app: &App, name: &str, id: &str, offsets: &[PartitionOffset]) -> bool {
    let mut statuses = app.status_changes();
    let deadline = Instant::now() + CARRIED_OUT_WITHIN;
    let all = statuses.wait_for(|statuses| {
        let Some(statuses) = statuses else { return false };
        offsets.iter().all(|at| {
            let key = (name.to_owned(), at.topic.clone(), at.partition);
            let mirror = statuses.mirrors.get(&key);
            mirror.is_some_and(|mirror| mirror.reset.as_deref() == Some(id))
        })
    });
    time::timeout_at(deadline, all).await.is_ok_and(|found| found.is_ok())
}

pub(crate) fn refused(error: &OffsetsError) -> Problem {
    match error {
        OffsetsError::Refused(problems) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the offsets cannot be set so")
                .errors(problems.iter().map(problem::field_error))
        }
        OffsetsError::Kafka { source, .. } => problem::kafka(source),
        OffsetsError::Target(error) => problem::clickhouse(error),
        OffsetsError::Remove(RemoveError::Target(error)) => problem::clickhouse(error),
        OffsetsError::Remove(RemoveError::NotAllowed { .. } | RemoveError::NoColumns(_)) => {
            problem::conflict(format!("the offsets are set, but no rows were deleted: {error}"))
        }
        OffsetsError::TimedOut(_) => {
            Problem::new(StatusCode::GATEWAY_TIMEOUT, "not answered in time")
                .detail(error.to_string())
        }
        OffsetsError::Unusable { .. } => {
            Problem::new(StatusCode::BAD_GATEWAY, "kafka did not answer").detail(error.to_string())
        }
    }
}

pub(crate) async fn handle(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
    Path(name): Path<String>,
    Query(query): Query<ResetQuery>,
    headers: HeaderMap,
    Json(way): Json<Way>,
) -> Result<Json<ResetAnswer>, Problem> {
    reset(&app, &who, &name, &way, &Condition::of(&headers), query).await.map(Json)
}
