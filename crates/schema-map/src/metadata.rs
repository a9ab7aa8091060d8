//! Names of the columns that Penstock itself fills, and the types they may have.

use crate::ColumnType;

/// What a metadata column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metadata {
    /// `_topic`: name of the topic.
    Topic,
    /// `_partition`: number of the partition.
    Partition,
    /// `_offset`: offset of the record.
    Offset,
    /// `_timestamp`: the record's Kafka timestamp, 1970-01-01 where there is none.
    Timestamp,
    /// `_key`: the record's key, bytes as they are.
    Key,
    /// `_headers`: the record's headers in their order; a header without a value has an empty one.
    Headers,
}

impl Metadata {
    /// Those every table made by [`crate::create_table`] has.
    pub const ALWAYS: [Self; 4] = [Self::Topic, Self::Partition, Self::Offset, Self::Timestamp];

    /// Name of the column.
    pub fn column(self) -> &'static str {
        match self {
            Self::Topic => "_topic",
            Self::Partition => "_partition",
            Self::Offset => "_offset",
            Self::Timestamp => "_timestamp",
            Self::Key => "_key",
            Self::Headers => "_headers",
        }
    }

    /// What a column of that name holds.
    pub fn of_column(name: &str) -> Option<Self> {
        [Self::Topic, Self::Partition, Self::Offset, Self::Timestamp, Self::Key, Self::Headers]
            .into_iter()
            .find(|kind| kind.column() == name)
    }

    /// The type in tables made by [`crate::create_table`].
    pub fn column_type(self) -> ColumnType {
        match self {
            Self::Topic => ColumnType::LowCardinality(Box::new(ColumnType::String)),
            Self::Partition => ColumnType::UInt32,
            Self::Offset => ColumnType::UInt64,
            Self::Timestamp => ColumnType::DateTime64 { precision: 3, tz: Some("UTC".to_owned()) },
            Self::Key => ColumnType::Nullable(Box::new(ColumnType::String)),
            Self::Headers => {
                ColumnType::Map(Box::new(ColumnType::String), Box::new(ColumnType::String))
            }
        }
    }

    /// Whether a column of `found` can hold it: [`Metadata::column_type`], or a close relative in
    /// tables made by others.
    pub fn accepts(self, found: &ColumnType) -> bool {
        match (self, found) {
            (Self::Topic | Self::Key, ColumnType::String)
            | (Self::Partition, ColumnType::UInt32 | ColumnType::Int32)
            | (Self::Partition | Self::Offset, ColumnType::UInt64 | ColumnType::Int64)
            | (Self::Timestamp, ColumnType::DateTime64 { precision: 3, .. }) => true,
            (Self::Headers, ColumnType::Map(name, value)) => {
                let name_fits = **name == ColumnType::String || *name == low_cardinality_string();
                name_fits && **value == ColumnType::String
            }
            _ => *found == self.column_type(),
        }
    }
}

fn low_cardinality_string() -> Box<ColumnType> {
    Box::new(ColumnType::LowCardinality(Box::new(ColumnType::String)))
}
