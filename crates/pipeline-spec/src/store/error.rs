//! What can go wrong with the store.

use std::time::Duration;

use rdkafka::{error::KafkaError, types::RDKafkaErrorCode};

/// Why the store could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Other writers were faster every time. Nothing was written; ask again.
    #[error("other writers kept changing the store for {}s", .0.as_secs())]
    Busy(Duration),
    /// Kafka did not answer or refuses. Nothing was written.
    #[error("{action}")]
    Kafka {
        /// What was being done, as "read pipelines".
        action: &'static str,
        /// What Kafka or its client says.
        source: KafkaError,
    },
    /// Kafka was lost while a change was being committed: it may or may not have been written.
    #[error("kafka did not say whether the change was written: look before trying again")]
    Unknown,
    /// A topic of the store is not what the store needs, or may not be created.
    #[error("topic {topic}: {problem}")]
    Topic {
        /// Its name.
        topic: String,
        /// What is wrong, and the command that mends it.
        problem: String,
    },
    /// A change with a version that does not follow the stored one.
    #[error("version {found} of pipeline {name} does not follow: {expected} would")]
    Version {
        /// The pipeline.
        name: String,
        /// What would follow.
        expected: u64,
        /// What was asked for.
        found: u64,
    },
    /// The pipeline is stored in a form that cannot be read, so that overwriting it could lose
    /// what a newer version has written. Removing it is possible.
    #[error("pipeline {name} is stored in a form that cannot be read: {why}")]
    Unreadable {
        /// The pipeline.
        name: String,
        /// Why.
        why: String,
    },
    /// More than the store takes.
    #[error("{0}")]
    TooLarge(String),
    /// Something of the process itself: a thread could not be started, or ended early.
    #[error("{0}")]
    Internal(String),
}

impl StoreError {
    pub(super) fn kafka(action: &'static str) -> impl FnOnce(KafkaError) -> Self {
        move |source| Self::Kafka { action, source }
    }

    /// For an answer that did not come, where the client has no error of its own.
    pub(super) fn timed_out(action: &'static str) -> Self {
        let source = KafkaError::Global(RDKafkaErrorCode::OperationTimedOut);
        Self::Kafka { action, source }
    }
}

/// An error with what Kafka says, for a log.
pub(super) fn chain(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Why an update did not happen.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UpdateError<E> {
    /// The change itself said no, having seen the newest state.
    #[error("the change was refused")]
    Refused(E),
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}
