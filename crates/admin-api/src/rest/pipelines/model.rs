//! What is asked and told about pipelines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::rest::paging::{Page, within};

/// A part of the list of pipelines.
pub type PipelinePage = Page<PipelineSummary>;

/// What a list of pipelines is asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ListQuery {
    /// Entries to skip.
    pub offset: Option<u32>,
    /// Most entries to answer, 1 to 1000; 100 unless given.
    #[param(minimum = 1, maximum = 1000)]
    #[serde(deserialize_with = "within::<1000, _>")]
    pub limit: Option<u32>,
    /// Labels, as `team=retail,env!=test,critical`.
    pub selector: Option<String>,
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<Overall>,
    /// Text in the name, a topic or the table.
    pub q: Option<String>,
    /// What to order by; a `-` before it turns the order round.
    #[param(inline)]
    pub sort: Option<Sort>,
}

/// What to order pipelines by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Sort {
    /// Name, A first.
    #[default]
    #[serde(rename = "name")]
    Name,
    /// Name, Z first.
    #[serde(rename = "-name")]
    NameDown,
    /// Lag, least first.
    #[serde(rename = "lag")]
    Lag,
    /// Lag, most first.
    #[serde(rename = "-lag")]
    LagDown,
    /// Rows per second, least first.
    #[serde(rename = "rows")]
    Rows,
    /// Rows per second, most first.
    #[serde(rename = "-rows")]
    RowsDown,
    /// Time of the last change, oldest first.
    #[serde(rename = "updated")]
    Updated,
    /// Time of the last change, newest first.
    #[serde(rename = "-updated")]
    UpdatedDown,
    /// State, worst first.
    #[serde(rename = "state")]
    State,
}

/// What is asked of a write, besides the document.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct WriteQuery {
    /// Answer with the plan and change nothing.
    pub dry_run: bool,
    /// Store it even if the plan finds that it cannot run as things are now.
    pub force: bool,
    /// For a new pipeline whose consumer group has offsets already: go on there, or begin anew.
    #[param(inline)]
    pub offsets: Option<OffsetsWish>,
}

/// What to do with offsets that a group of the same name left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OffsetsWish {
    /// Go on where they are.
    Resume,
    /// Begin at `source.start`.
    Restart,
}

/// What a pipeline is doing, all sinks together. Worst first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Overall {
    /// What is stored about it cannot be read.
    Unreadable,
    /// A sink has stopped moving records until something is mended.
    Failed,
    /// No sink runs it.
    NoSink,
    /// It drains before it is removed.
    Deleting,
    /// Sinks prepare, or are still about to take over a change.
    Starting,
    /// It was told to move nothing.
    Paused,
    /// It moves records.
    Running,
}

impl Overall {
    /// As it is spelled.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
            Self::NoSink => "no-sink",
            Self::Deleting => "deleting",
            Self::Starting => "starting",
            Self::Paused => "paused",
            Self::Running => "running",
        }
    }
}

/// One line about a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PipelineSummary {
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub state: Overall,
    /// What it was told to do: `running` or `paused`.
    pub wanted: String,
    /// Why it failed, one of a closed list.
    pub reason: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Topics it reads.
    pub topics: Vec<String>,
    /// Database it writes to.
    pub database: String,
    /// Table it writes to.
    pub table: String,
    /// Counts its changes; the entity tag.
    pub version: u64,
    /// When it was changed last, in ms since 1970.
    pub updated_at_ms: i64,
    /// Who changed it last.
    pub updated_by: String,
    /// Sinks that run it.
    pub instances: usize,
    /// The numbers of all sinks together.
    #[serde(flatten)]
    pub numbers: Numbers,
    /// What is promised about each record, as the sinks found it.
    pub delivery: Option<String>,
    /// The last thing that went wrong.
    pub last_error: Option<String>,
}

/// What is measured about a pipeline, all sinks together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Numbers {
    /// Records not yet committed; none while no sink knows.
    pub lag: Option<i64>,
    /// Rows per second over about 10 s.
    pub rows_per_s: f64,
    /// Bytes per second over about 10 s.
    pub bytes_per_s: f64,
    /// Median age of rows when they are in the table, in ms; the worst sink's.
    pub freshness_p50_ms: Option<f64>,
    /// The age below which 95 % of rows are, in ms; the worst sink's.
    pub freshness_p95_ms: Option<f64>,
    /// Rows since the sinks started.
    pub rows_total: u64,
    /// Dead letters since the sinks started.
    pub dead_letters_total: u64,
}
