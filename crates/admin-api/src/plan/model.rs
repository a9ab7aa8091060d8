//! The words of a plan.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What a pipeline would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = PipelinePlan)]
pub struct Plan {
    /// Name of the pipeline; empty where the document cannot be read.
    pub name: String,
    /// The same for equal documents.
    pub revision: String,
    /// Whether it could be stored and run as things are now: no finding is an error.
    pub runnable: bool,
    /// `create`, `change`, or `none` where the document is stored already.
    pub change: String,
    /// What is wrong or worth knowing, each with its place in the document.
    pub findings: Vec<Note>,
    /// Where records come from.
    pub topics: Vec<TopicPlan>,
    /// The consumer group.
    pub group: GroupPlan,
    /// Where rows go.
    pub table: TablePlan,
    /// What is promised about each record.
    pub guarantee: Option<GuaranteePlan>,
    /// Rights that are missing, or could not be checked, with the command that grants each.
    pub rights: Vec<MissingRight>,
    /// The first records as they would be in the table.
    pub rows: Vec<RowPlan>,
    /// Why there are no rows, where there are none.
    pub rows_withheld: Option<String>,
}

/// One thing to know about a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Note {
    /// `error`: it cannot run so. `warning`: it can, and may not do what was meant. `unknown`: it
    /// could not be found out.
    pub severity: String,
    /// Where, as a JSON pointer; empty for the whole document.
    pub pointer: String,
    /// What, and what to do about it.
    pub message: String,
}

/// A topic that would be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TopicPlan {
    /// Its name.
    pub topic: String,
    /// Number of partitions; none where there is no such topic.
    pub partitions: Option<usize>,
    /// Offsets between its oldest and its next record: records, unless it is compacted.
    pub records: Option<i64>,
    /// Where its schemas are registered.
    pub subject: Option<String>,
    /// Newest version there.
    pub version: Option<u32>,
    /// Id of the schema that the plan was made with.
    pub schema_id: Option<u32>,
}

/// The consumer group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct GroupPlan {
    /// Its name.
    pub name: String,
    /// Partitions of which it has committed offsets.
    pub committed_partitions: usize,
    /// Records between those offsets and the ends; none where it has none.
    pub lag: Option<i64>,
    /// What to say in the query when the pipeline is new and the group is not.
    pub wants: Option<String>,
}

/// Where rows go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TablePlan {
    /// Database.
    pub database: String,
    /// Table.
    pub table: String,
    /// Whether it is there; none where that could not be found out.
    pub exists: Option<bool>,
    /// Its engine.
    pub engine: String,
    /// Statements that would be run, in order.
    pub statements: Vec<String>,
    /// What each column of an insert is filled with.
    pub columns: Vec<ColumnPlan>,
    /// Fields that go nowhere, because no column has their name.
    pub dropped: Vec<String>,
    /// Columns that the server fills by their DEFAULT.
    pub defaulted: Vec<String>,
}

/// What a column is filled with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ColumnPlan {
    /// Its name.
    pub column: String,
    /// Its type.
    pub column_type: String,
    /// `field`, `metadata` or `default`.
    pub source: String,
    /// The reason for its type and source.
    pub reason: String,
}

/// What is promised about each record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GuaranteePlan {
    /// What the document asks for.
    pub wanted: String,
    /// What the table can give.
    pub delivery: String,
    /// Why it is not more, and what is worth knowing.
    pub findings: Vec<GuaranteeFinding>,
}

/// One thing about a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GuaranteeFinding {
    /// What it is, for programs.
    pub kind: String,
    /// Which table, view or server.
    pub subject: String,
    /// What it means and what to do.
    pub detail: String,
    /// Whether it costs exactly-once.
    pub weakens: bool,
}

/// A right that somebody lacks, or may lack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MissingRight {
    /// Whose.
    pub account: String,
    /// What it is needed for.
    pub purpose: String,
    /// `missing`, or `unknown` where it could not be checked.
    pub state: String,
    /// What grants it.
    pub command: String,
}

/// A record as it would be in the table.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RowPlan {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its Kafka timestamp in ms since 1970.
    pub timestamp_ms: Option<i64>,
    /// Values by column; empty for a record that would be a dead letter.
    #[schema(value_type = Object)]
    pub values: BTreeMap<String, Value>,
    /// Why it would be a dead letter or skipped.
    pub bad: Option<String>,
}

impl Plan {
    pub(super) fn error(&mut self, pointer: &str, message: impl Into<String>) {
        self.note("error", pointer, message);
    }

    pub(super) fn warning(&mut self, pointer: &str, message: impl Into<String>) {
        self.note("warning", pointer, message);
    }

    pub(super) fn unknown(&mut self, pointer: &str, message: impl Into<String>) {
        self.note("unknown", pointer, message);
    }

    fn note(&mut self, severity: &str, pointer: &str, message: impl Into<String>) {
        let (severity, pointer) = (severity.to_owned(), pointer.to_owned());
        self.findings.push(Note { severity, pointer, message: message.into() });
    }

    pub(super) fn errors(&self) -> impl Iterator<Item = &Note> {
        self.findings.iter().filter(|note| note.severity == "error")
    }
}
