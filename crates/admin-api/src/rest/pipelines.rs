//! Stored pipelines and sinks' reports in, what is to be told about pipelines out.

use std::collections::BTreeMap;

use pipeline_spec::{
    Selector, State,
    status::{InstanceStatus, PartitionStatus, RunState},
    store::{Snapshot, StatusSnapshot, Stored},
};
use service::problem::Problem;

use super::paging::page;
use crate::{problem, state::App};

pub mod advice;
mod anew;
pub mod condition;
pub(crate) mod handle;
mod model;
mod prepare;
mod refused;
mod remove;
mod rules;
mod status;
mod write;

pub use self::{
    condition::Condition,
    model::{
        ListQuery, Numbers, OffsetsWish, Overall, PipelinePage, PipelineSummary, Sort, WriteQuery,
    },
    remove::{Belonging, DeleteQuery, RemovalPlan, delete, removal_plan},
    status::{PartitionView, PipelineStatus, status},
    write::{Written, create, pause, put, restart, resume},
};
pub(crate) use self::{
    refused::{not_read, not_updated},
    rules::{alone, fixed, steady},
    write::{change, next, now_ms},
};

/// Pipelines as wished.
///
/// # Errors
///
/// When the pipelines have not been read yet, or the selector is not one.
pub fn list(app: &App, query: &ListQuery) -> Result<PipelinePage, Problem> {
    let selector = match query.selector.as_deref() {
        Some(text) => text.parse::<Selector>(),
        None => Ok(Selector::default()),
    };
    let selector = selector.map_err(|error| problem::bad_request(format!("selector: {error}")))?;
    let (specs, statuses) = (app.specs()?, app.status());
    let wanted = query.q.as_deref().unwrap_or_default().to_lowercase();
    let mut found: Vec<PipelineSummary> = summaries(&specs, &statuses)
        .into_iter()
        .filter(|one| selector.matches(&one.labels) && contains(one, &wanted))
        .filter(|one| query.state.is_none_or(|state| one.state == state))
        .collect();
    sort(&mut found, query.sort.unwrap_or_default());
    Ok(page(found, query.offset, query.limit))
}

/// One pipeline as it is stored.
///
/// # Errors
///
/// When there is none of that name, or it cannot be read.
pub fn get(app: &App, name: &str) -> Result<std::sync::Arc<Stored>, Problem> {
    let specs = app.specs()?;
    if let Some(stored) = specs.pipelines.get(name) {
        return Ok(stored.clone());
    }
    match specs.unreadable.get(name) {
        Some(why) => Err(problem::conflict(format!(
            "pipeline {name} is stored in a form that this version cannot read: {why}"
        ))),
        None => Err(problem::not_found(&format!("pipeline {name}"))),
    }
}

fn summaries(specs: &Snapshot, statuses: &StatusSnapshot) -> Vec<PipelineSummary> {
    let readable = specs.pipelines.values().map(|stored| summary(stored, statuses));
    let unreadable = specs.unreadable.iter().map(|(name, why)| unreadable(name, why));
    readable.chain(unreadable).collect()
}

fn summary(stored: &Stored, statuses: &StatusSnapshot) -> PipelineSummary {
    let spec = &stored.spec;
    let instances = instances_of(statuses, &spec.name);
    let failed = instances.iter().find(|instance| instance.reason.is_some());
    let stopped = instances.iter().flat_map(|one| &one.partitions).find_map(|p| p.stopped.clone());
    let errors = instances.iter().filter_map(|one| one.last_error.as_ref());
    PipelineSummary {
        name: spec.name.clone(),
        state: overall(stored, &instances),
        wanted: wanted(spec.state).to_owned(),
        reason: failed.and_then(|one| one.reason.clone()).or(stopped),
        labels: spec.labels.clone(),
        topics: spec.source.topics.clone(),
        database: spec.target.database.clone(),
        table: spec.target.table.clone(),
        version: stored.version,
        updated_at_ms: stored.updated_at_ms,
        updated_by: stored.updated_by.clone(),
        instances: instances.len(),
        numbers: numbers(&instances),
        delivery: instances.iter().find_map(|one| Some(one.guarantee.as_ref()?.delivery.clone())),
        last_error: errors.max_by_key(|error| error.at_ms).map(|error| error.message.clone()),
    }
}

fn unreadable(name: &str, why: &str) -> PipelineSummary {
    PipelineSummary {
        name: name.to_owned(),
        state: Overall::Unreadable,
        wanted: String::new(),
        reason: Some("invalid-spec".to_owned()),
        labels: BTreeMap::new(),
        topics: Vec::new(),
        database: String::new(),
        table: String::new(),
        version: 0,
        updated_at_ms: 0,
        updated_by: String::new(),
        instances: 0,
        numbers: Numbers::default(),
        delivery: None,
        last_error: Some(why.to_owned()),
    }
}

/// What a pipeline was told to do, as answers spell it.
fn wanted(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Paused => "paused",
    }
}

/// Reports of the sinks that run a pipeline, by id of the sink.
pub(super) fn instances_of<'a>(
    statuses: &'a StatusSnapshot,
    name: &str,
) -> Vec<&'a InstanceStatus> {
    let from = (name.to_owned(), String::new());
    let later = statuses.instances.range(from..);
    later.take_while(|((of, _), _)| of == name).map(|(_, status)| &**status).collect()
}

fn overall(stored: &Stored, instances: &[&InstanceStatus]) -> Overall {
    let any = |state| instances.iter().any(|instance| instance.state == state);
    let partitions = || instances.iter().flat_map(|instance| &instance.partitions);
    let behind = instances.iter().all(|instance| instance.version < stored.version);
    if stored.deleting {
        Overall::Deleting
    } else if instances.is_empty() {
        Overall::NoSink
    } else if any(RunState::Failed) || partitions().any(is_stopped) {
        Overall::Failed
    } else if behind || any(RunState::Starting) {
        Overall::Starting
    } else if stored.spec.state == State::Paused {
        Overall::Paused
    } else if any(RunState::Running) {
        Overall::Running
    } else {
        Overall::Starting
    }
}

fn is_stopped(partition: &PartitionStatus) -> bool {
    partition.stopped.is_some()
}

fn numbers(instances: &[&InstanceStatus]) -> Numbers {
    let lags = instances.iter().flat_map(|one| &one.partitions).filter_map(|p| p.lag);
    let worst = |of: fn(&InstanceStatus) -> Option<f64>| {
        instances.iter().filter_map(|one| of(one)).max_by(f64::total_cmp)
    };
    Numbers {
        lag: lags.reduce(i64::saturating_add),
        rows_per_s: rate(instances.iter().map(|one| one.rows_per_s)),
        bytes_per_s: rate(instances.iter().map(|one| one.bytes_per_s)),
        freshness_p50_ms: worst(|one| one.freshness_ms.map(|quantiles| quantiles.p50)),
        freshness_p95_ms: worst(|one| one.freshness_ms.map(|quantiles| quantiles.p95)),
        rows_total: sum(instances.iter().map(|one| one.rows_total)),
        dead_letters_total: sum(instances.iter().map(|one| one.dead_letters_total)),
    }
}

/// From zero: the sum of nothing would be -0.0.
fn rate(rates: impl Iterator<Item = f64>) -> f64 {
    rates.fold(0.0, |all, one| all + one)
}

fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

fn contains(one: &PipelineSummary, wanted: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(wanted);
    wanted.is_empty()
        || has(&one.name)
        || one.topics.iter().any(|topic| has(topic))
        || has(&format!("{}.{}", one.database, one.table))
}

/// Names break ties, and come in order already.
fn sort(found: &mut [PipelineSummary], by: Sort) {
    let lag = |one: &PipelineSummary| one.numbers.lag.unwrap_or(-1);
    let rows = |a: &PipelineSummary, b: &PipelineSummary| {
        a.numbers.rows_per_s.total_cmp(&b.numbers.rows_per_s)
    };
    found.sort_by(|a, b| a.name.cmp(&b.name));
    match by {
        Sort::Name => {}
        Sort::NameDown => found.reverse(),
        Sort::Lag => found.sort_by_key(lag),
        Sort::LagDown => found.sort_by_key(|one| std::cmp::Reverse(lag(one))),
        Sort::Rows => found.sort_by(rows),
        Sort::RowsDown => found.sort_by(|a, b| rows(b, a)),
        Sort::Updated => found.sort_by_key(|one| one.updated_at_ms),
        Sort::UpdatedDown => found.sort_by_key(|one| std::cmp::Reverse(one.updated_at_ms)),
        Sort::State => found.sort_by_key(|one| one.state),
    }
}

#[cfg(test)]
mod tests;
