//! What is stored about a pipeline in, what its workers are to do at the moment out.

use std::{collections::BTreeMap, sync::Arc};

use deliver::{Metadata, Offset, TopicPartition};
use pipeline_spec::{NullValue, OnError, Pipeline, State};

/// What decides about the rows of a record besides its schema and the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRules {
    /// What a record without a value becomes.
    pub null_value: NullValue,
    /// Whether a bad record stops its partition.
    pub stops: bool,
    /// Of all of the document that decides about rows.
    pub fingerprint: u64,
}

/// What all workers of a pipeline are to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orders {
    /// Whether they own partitions without reading them.
    pub paused: bool,
    /// The rules of other documents of this pipeline, older or newer, by
    /// [`Pipeline::revision_short`]: recorded ranges are read again under their own.
    pub others: Arc<BTreeMap<u64, RowRules>>,
    /// Whether a document that is not among them may still become known.
    pub follows: bool,
    /// Offsets that a person has set.
    pub reset: Option<Arc<Reset>>,
}

/// Offsets that a person has set and that wait to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Tells it from others.
    pub id: String,
    /// Tells it from others in what is committed ([`deliver::Lineage::reset`]).
    pub mark: u64,
    /// Where each partition is to go on.
    pub offsets: Vec<(TopicPartition, Offset)>,
}

/// The mark of the reset that was carried out last, read from what is committed. Whatever became
/// of the owner that did it: offset and mark were committed in one.
#[must_use]
pub fn mark_of(offset: Offset, text: &str) -> Option<u64> {
    Metadata::parse(text, offset).ok().flatten()?.lineage.reset
}

impl RowRules {
    /// Those of a document.
    #[must_use]
    pub fn of(pipeline: &Pipeline) -> Self {
        Self {
            null_value: pipeline.source.null_value,
            stops: pipeline.on_error == OnError::Stop,
            fingerprint: pipeline.rows_fingerprint(),
        }
    }
}

impl Orders {
    /// For a pipeline that nobody can change while it runs.
    #[must_use]
    pub fn unchanging(pipeline: &Pipeline) -> Self {
        Self {
            paused: pipeline.state == State::Paused,
            others: Arc::default(),
            follows: false,
            reset: None,
        }
    }
}
