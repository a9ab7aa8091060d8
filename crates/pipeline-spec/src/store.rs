//! Changes to pipelines in, one order of them in a compacted Kafka topic out, and everything that
//! follows from it.
//!
//! Writers take turns by one transactional id: who begins fences who was there, reads to the end,
//! and commits or loses ([`Store::update`]). Readers tail the topic ([`Store::follow`]). Sinks
//! report to a second topic, and every change is told in a third one, in the same transaction.

mod audit;
mod client;
mod entry;
mod error;
mod follow;
mod follow_status;
mod keys;
mod newest;
mod reader;
mod records;
mod snapshot;
mod status_snapshot;
mod status_writer;
mod topics;
mod unneeded;
mod update;
mod writer;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

pub use audit::AuditPage;
pub use entry::{AuditRecord, Change, Claim, PartitionOffset, Purge, Reset, Stored};
pub use error::{StoreError, UpdateError};
use keys::StatusKey;
use rdkafka::ClientConfig;
pub use snapshot::Snapshot;
pub use status_snapshot::StatusSnapshot;
pub use status_writer::StatusWriter;

/// The store of pipelines of one namespace. Cheap to clone; the clones share one writer.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    clients: client::Clients,
    /// One update of a process at a time: they would only fence each other.
    turn: tokio::sync::Mutex<Option<update::Turn>>,
    /// Keys of the topic of status that nobody will write again, as far as a follower knows.
    outdated: Mutex<Vec<StatusKey>>,
}

impl Store {
    /// A store in the topics `<namespace>.pipelines`, `.status` and `.audit`. `client` says where
    /// Kafka is, and whatever else a user wants; the store sets what it depends on itself.
    /// Nothing is asked of Kafka yet.
    #[must_use]
    pub fn new(client: ClientConfig, namespace: &str) -> Self {
        let clients = client::Clients::new(client, namespace);
        Self {
            inner: Arc::new(Inner {
                clients,
                turn: tokio::sync::Mutex::new(None),
                outdated: Mutex::new(Vec::new()),
            }),
        }
    }

    /// Creates the topics, or checks those that are there.
    ///
    /// # Errors
    ///
    /// When Kafka does not answer (ask again), refuses, or a topic has settings with which the
    /// store would lose what it must keep; then the error names the command that mends it.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        topics::prepare(&self.inner.clients).await
    }

    /// As [`Store::prepare`], for those who follow the pipelines and report on them, and change
    /// none: they need no right to the audit.
    ///
    /// # Errors
    ///
    /// As [`Store::prepare`].
    pub async fn prepare_to_follow(&self) -> Result<(), StoreError> {
        topics::prepare_to_follow(&self.inner.clients).await
    }
}

impl Inner {
    /// Takes at most `max` outdated keys; whoever follows the status finds them again if they
    /// are not removed.
    fn outdated(&self, max: usize) -> Vec<StatusKey> {
        let mut outdated = self.outdated.lock().unwrap_or_else(PoisonError::into_inner);
        let keep = outdated.len().saturating_sub(max);
        outdated.split_off(keep)
    }
}

impl fmt::Debug for Store {
    /// The settings may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topic = self.inner.clients.topic("pipelines");
        f.debug_struct("Store").field("topic", &topic).finish_non_exhaustive()
    }
}
