//! The words a document may choose from in, one enum per choice out.

use serde::{Deserialize, Serialize};

/// How record values are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// What the registry says; so far Avro only.
    #[default]
    Auto,
    /// Avro with a registry.
    Avro,
    /// JSON with a JSON Schema in a registry. Not supported yet.
    JsonSchema,
    /// Protobuf with a registry. Not supported yet.
    Protobuf,
    /// JSON without a registry. Not supported yet.
    Json,
}

/// How record keys are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyFormat {
    /// What the registry says.
    #[default]
    Auto,
    /// Bytes as they are.
    Bytes,
    /// Text.
    String,
    /// Avro with a registry. Not supported yet.
    Avro,
}

/// What is wrapped around the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Envelope {
    /// Nothing: the value is the row.
    #[default]
    None,
    /// Debezium's before and after images. Not supported yet.
    Debezium,
}

/// What a record without a value becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NullValue {
    /// Nothing; it is counted.
    #[default]
    Skip,
    /// A dead letter.
    DeadLetter,
    /// A row of key and metadata.
    Row,
}

/// Where a pipeline that never ran begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// At the oldest record kept.
    #[default]
    Earliest,
    /// At the records that arrive from now on.
    Latest,
    /// At the first record not older than this, in ms since 1970 UTC.
    Timestamp(i64),
}

/// What happens to the table when the schema grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evolution {
    /// Nothing.
    #[default]
    None,
    /// New fields become new columns. Not supported yet.
    AddColumns,
}

/// A column about the record itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetadataColumn {
    /// `_topic`.
    Topic,
    /// `_partition`.
    Partition,
    /// `_offset`.
    Offset,
    /// `_timestamp`.
    Timestamp,
    /// `_key`.
    Key,
    /// `_headers`.
    Headers,
}

impl MetadataColumn {
    /// The columns that every table we create has.
    pub const ALWAYS: [Self; 4] = [Self::Topic, Self::Partition, Self::Offset, Self::Timestamp];
}

/// What is promised about each record.
///
/// Until the ranges in flight are recorded with the commit, both behave alike: a record may be
/// inserted twice when a sink is killed between insert and commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// It lands once, whatever crashes.
    #[default]
    ExactlyOnce,
    /// It lands once or, after a crash, more often.
    AtLeastOnce,
}

/// What becomes of a record that cannot be turned into a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// It goes to the dead-letter topic and the pipeline goes on.
    #[default]
    DeadLetter,
    /// The partition stops there.
    Stop,
}

/// Whether a pipeline moves records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It does.
    #[default]
    Running,
    /// It stays in its group with every partition paused.
    Paused,
}
