//! The fields of a pipeline document in, typed values with their defaults out.

use std::{collections::BTreeMap, ops::Not};

use serde::{Deserialize, Serialize};

use crate::choices::{
    Delivery, Envelope, Evolution, Format, KeyFormat, MetadataColumn, NullValue, OnError, Start,
    State,
};

/// What to read, where to put it, and how. Made by [`Pipeline::from_yaml`].
///
/// Deserializing one by other means checks shapes and names only: call [`Pipeline::validate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Its name, `[a-z0-9-]{1,63}`, unique among all pipelines.
    pub name: String,
    /// Free labels by which a sink selects its pipelines.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Where records come from.
    pub source: Source,
    /// Where rows go.
    pub target: Target,
    /// What happens to the table when the schema grows.
    #[serde(default)]
    pub evolution: Evolution,
    /// Which columns are written.
    #[serde(default)]
    pub columns: Columns,
    /// A `ClickHouse` query over the incoming rows. Not supported yet.
    #[serde(default)]
    pub sql: Option<String>,
    /// What is promised about each record.
    #[serde(default)]
    pub delivery: Delivery,
    /// When a batch is cut.
    #[serde(default)]
    pub batch: Batch,
    /// What becomes of a record that cannot be turned into a row.
    #[serde(default)]
    pub on_error: OnError,
    /// Worker threads of this pipeline in one sink, 1 to 64, all in one consumer group.
    #[serde(default = "one")]
    pub workers: u16,
    /// Whether it moves records.
    #[serde(default)]
    pub state: State,
}

/// Where records come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Topics by name.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Topics by regular expression, instead of `topics`. Not supported yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// How record values are encoded.
    #[serde(default)]
    pub format: Format,
    /// How record keys are encoded. So far keys are only copied, so all values but `avro` agree.
    #[serde(default)]
    pub key_format: KeyFormat,
    /// What is wrapped around the value.
    #[serde(default)]
    pub envelope: Envelope,
    /// Full record names to take; empty takes all. Not supported yet.
    #[serde(default)]
    pub records: Vec<String>,
    /// What a record without a value becomes.
    #[serde(default)]
    pub null_value: NullValue,
    /// Consumer group. Read it through [`Pipeline::group`], which knows the default.
    #[serde(default)]
    pub group: Option<String>,
    /// Where a pipeline that never ran begins.
    #[serde(default)]
    pub start: Start,
}

/// Where rows go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `ClickHouse` database.
    pub database: String,
    /// `ClickHouse` table.
    pub table: String,
    /// Whether to create the table from the schema when it is missing. The next three fields
    /// are read only then.
    #[serde(default = "yes")]
    pub create: bool,
    /// The sorting key, columns or expressions over them; empty sorts by topic, partition and
    /// offset.
    #[serde(default)]
    pub order_by: Vec<String>,
    /// Partition key, an expression over columns; none keeps the table in one partition.
    #[serde(default)]
    pub partition_by: Option<String>,
    /// Table engine, `MergeTree` or `ReplacingMergeTree`, without arguments.
    #[serde(default = "merge_tree")]
    pub engine: String,
    /// Whether to trust a table whose engine exactly once has not been tested with. Written only
    /// when set, so that older documents keep their revision.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub accept_unverified_engine: bool,
}

/// Which columns are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// Fields that get no column. Not supported yet.
    pub exclude: Vec<String>,
    /// Field name to column name. Not supported yet.
    pub rename: BTreeMap<String, String>,
    /// Columns about the record itself. The first four are always there; key and headers may
    /// be added.
    pub metadata: Metadata,
}

/// The metadata columns a pipeline writes, in the order given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(pub Vec<MetadataColumn>);

impl Default for Metadata {
    fn default() -> Self {
        Self(MetadataColumn::ALWAYS.to_vec())
    }
}

impl Metadata {
    /// Whether `column` is written.
    #[must_use]
    pub fn contains(&self, column: MetadataColumn) -> bool {
        self.0.contains(&column)
    }
}

/// When a batch is cut: as soon as one of these is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Batch {
    /// Rows, 1 to [`Batch::ROWS_LIMIT`].
    pub rows_max: u64,
    /// Bytes held in memory, 64 KiB to [`Batch::BYTES_LIMIT`].
    pub bytes_max: u64,
    /// Age in ms of the oldest row when few partitions feed the table.
    pub age_ms: u64,
    /// Age in ms that is never exceeded however many partitions there are, at most
    /// [`Batch::AGE_MS_LIMIT`].
    pub age_ms_max: u64,
}

impl Batch {
    /// Most rows in one insert: rule R7 pins the server's block limits for up to this many.
    pub const ROWS_LIMIT: u64 = 1_000_000;
    /// Least bytes of a batch: below it, inserts would outnumber what a table can merge.
    pub const BYTES_LEAST: u64 = 64 << 10;
    /// Most bytes of a batch; blocks of 400 MB were measured to land as one part.
    pub const BYTES_LIMIT: u64 = 256 << 20;
    /// Longest age of a batch, ten minutes.
    pub const AGE_MS_LIMIT: u64 = 600_000;
}

impl Default for Batch {
    fn default() -> Self {
        Self { rows_max: 500_000, bytes_max: 16 << 20, age_ms: 500, age_ms_max: 10_000 }
    }
}

fn one() -> u16 {
    1
}

fn yes() -> bool {
    true
}

fn merge_tree() -> String {
    "MergeTree".to_owned()
}
