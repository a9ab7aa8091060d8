//! A pipeline's name in, all that is known about what it does out.

use pipeline_spec::{
    status::{InstanceStatus, RunState},
    store::Stored,
};
use serde::Serialize;
use service::problem::Problem;
use utoipa::ToSchema;

use super::{Numbers, Overall, advice::advice, get, instances_of, numbers, overall, wanted};
use crate::state::App;

/// What a pipeline does.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PipelineStatus {
    /// Its name.
    pub name: String,
    /// What it is doing, all sinks together.
    pub state: Overall,
    /// What it was told to do: `running` or `paused`.
    pub wanted: String,
    /// Why it failed, one of a closed list.
    pub reason: Option<String>,
    /// The same for a person.
    pub detail: Option<String>,
    /// What resolves it.
    pub advice: Option<String>,
    /// Counts its changes; the entity tag.
    pub version: u64,
    /// The same for equal documents.
    pub revision: String,
    /// When it was created, in ms since 1970.
    pub created_at_ms: i64,
    /// When it was changed last, in ms since 1970.
    pub updated_at_ms: i64,
    /// Who changed it last.
    pub updated_by: String,
    /// Counts restarts.
    pub restarts: u64,
    /// The consumer group.
    pub group: String,
    /// The topic of its dead letters.
    pub dead_letter_topic: String,
    /// The id of a reset of offsets that waits to be carried out.
    pub reset: Option<String>,
    /// Whether it drains before it is removed.
    pub deleting: bool,
    /// The numbers of all sinks together.
    #[serde(flatten)]
    pub numbers: Numbers,
    /// Its partitions, each with the sink that owns it.
    pub partitions: Vec<PartitionView>,
    /// What each sink reports.
    #[schema(value_type = Vec<Object>)]
    pub instances: Vec<InstanceStatus>,
}

/// A partition and its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartitionView {
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// The sink that owns it.
    pub instance: String,
    /// Everything below this offset is in the table or in the dead letters.
    pub committed: Option<i64>,
    /// Offset of the record that will be written next.
    pub end: Option<i64>,
    /// Records between the two.
    pub lag: Option<i64>,
    /// Ranges recorded and not yet known to be inserted.
    pub pending_ranges: u32,
    /// Why it stopped, one of a closed list.
    pub stopped: Option<String>,
    /// What resolves that.
    pub advice: Option<String>,
}

/// All that is known about what a pipeline does.
///
/// # Errors
///
/// When there is none of that name.
pub fn status(app: &App, name: &str) -> Result<PipelineStatus, Problem> {
    let stored = get(app, name)?;
    let statuses = app.status();
    let instances = instances_of(&statuses, name);
    let spec = &stored.spec;
    let namespace = &app.config().namespace;
    let partitions = partitions(&instances);
    let failed = instances.iter().find(|one| one.state == RunState::Failed);
    let stopped = partitions.iter().find_map(|partition| partition.stopped.clone());
    let reason = failed.and_then(|one| one.reason.clone()).or(stopped);
    let state = overall(&stored, &instances);
    Ok(PipelineStatus {
        name: name.to_owned(),
        state,
        wanted: wanted(spec.state).to_owned(),
        detail: failed.and_then(|one| one.detail.clone()).or_else(|| waits(app, &stored)),
        advice: what_to_do(state, reason.as_deref()),
        reason,
        version: stored.version,
        revision: spec.revision(),
        created_at_ms: stored.created_at_ms,
        updated_at_ms: stored.updated_at_ms,
        updated_by: stored.updated_by.clone(),
        restarts: stored.restarts,
        group: spec.group(namespace),
        dead_letter_topic: spec.dead_letter_topic(namespace),
        reset: stored.reset.as_ref().map(|reset| reset.id.clone()),
        deleting: stored.deleting,
        numbers: numbers(&instances),
        partitions,
        instances: instances.into_iter().cloned().collect(),
    })
}

/// Why rows of a reset, or what goes with a removal, could not be deleted yet.
fn waits(app: &App, stored: &Stored) -> Option<String> {
    if !stored.deleting && stored.reset.is_none() {
        return None;
    }
    app.setbacks().of(&stored.spec.name)?.detail_text().map(str::to_owned)
}

fn what_to_do(state: Overall, reason: Option<&str>) -> Option<String> {
    let no_sink = "No sink runs this pipeline: start one, or look at the --selector and the log of \
                   those that run.";
    match (state, reason) {
        (Overall::NoSink, _) => Some(no_sink.to_owned()),
        (_, Some(reason)) => Some(advice(reason).to_owned()),
        (_, None) => None,
    }
}

fn partitions(instances: &[&InstanceStatus]) -> Vec<PartitionView> {
    let mut found: Vec<PartitionView> = instances
        .iter()
        .flat_map(|one| one.partitions.iter().map(|partition| (&one.instance, partition)))
        .map(|(instance, partition)| PartitionView {
            topic: partition.topic.clone(),
            partition: partition.partition,
            instance: instance.clone(),
            committed: partition.committed,
            end: partition.end,
            lag: partition.lag,
            pending_ranges: partition.pending_ranges,
            advice: partition.stopped.as_deref().map(|reason| advice(reason).to_owned()),
            stopped: partition.stopped.clone(),
        })
        .collect();
    found.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    found
}
