//! What the store keeps about a pipeline, and what a writer may do to it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Pipeline,
    identity::{digest, half},
};

/// One pipeline as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its document.
    pub spec: Pipeline,
    /// Counts the changes of this name from 1, without gaps. The HTTP entity tag is made of it.
    pub version: u64,
    /// When it was created, in ms since 1970.
    pub created_at_ms: i64,
    /// When it was changed last, in ms since 1970.
    pub updated_at_ms: i64,
    /// Who changed it last.
    pub updated_by: String,
    /// Counts how often it was told to restart: a sink that sees it grow begins the pipeline
    /// anew.
    #[serde(default)]
    pub restarts: u64,
    /// A reset of offsets that waits to be carried out by the owners of the partitions.
    #[serde(default)]
    pub reset: Option<Reset>,
    /// Set while the pipeline drains before it is removed.
    #[serde(default)]
    pub deleting: bool,
    /// What goes with it then.
    #[serde(default)]
    pub purge: Purge,
    /// Who is just carrying out what the pipeline waits for outside of the store: rows of a reset
    /// that are to be deleted, or what goes with a pipeline that has drained.
    #[serde(default)]
    pub claim: Option<Claim>,
}

/// What goes with a pipeline when it is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Purge {
    /// Its consumer group, and the copies of its offsets.
    pub offsets: bool,
    /// Its topic of dead letters, and the one they are replayed from.
    pub dead_letters: bool,
}

impl Purge {
    /// Whether anything goes.
    #[must_use]
    pub fn any(self) -> bool {
        self.offsets || self.dead_letters
    }
}

/// Keeps others from doing the same at the same time. Whoever holds it asks for nothing any more
/// long before it ends, and settles what was done only while it is still theirs: so nothing is
/// asked for after another one has said that it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Unique for each attempt.
    pub by: String,
    /// When others may claim it, in ms since 1970 by the clock of whoever claimed.
    pub until_ms: i64,
}

/// Offsets that somebody set by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// Unique; owners answer with it ([`crate::status::Mirror::reset`]).
    pub id: String,
    /// When it was asked for, in ms since 1970.
    pub requested_at_ms: i64,
    /// By whom.
    pub by: String,
    /// Where each partition shall go on.
    pub offsets: Vec<PartitionOffset>,
    /// Whether the rows from there on are deleted before the pipeline goes on.
    #[serde(default)]
    pub delete_rows: bool,
}

impl Reset {
    /// A number for its id, which owners commit beside the offsets that they set: whoever finds it
    /// there does not set them again.
    #[must_use]
    pub fn mark(&self) -> u64 {
        half(digest(&self.id))
    }
}

/// A place in a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionOffset {
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// Offset of the record to read next.
    pub offset: i64,
}

/// What somebody changed. Kept for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When, in ms since 1970.
    pub at_ms: i64,
    /// Who: the name of a token, not the token.
    pub who: String,
    /// What, as `pipeline.create`.
    pub what: String,
    /// What it was done to: as a rule the name of a pipeline.
    pub subject: String,
    /// How it was before, without secrets.
    #[serde(default)]
    pub before: Option<Value>,
    /// How it was afterwards, without secrets.
    #[serde(default)]
    pub after: Option<Value>,
}

/// One change of the store. All changes of one update are written in one transaction.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a few exist at a time, each for one write")]
pub enum Change {
    /// Writes a pipeline, new or not. When its revision changes, the document that it had so far
    /// is kept under that revision.
    Put {
        /// What to store; its version is one more than the stored one's, or 1.
        stored: Stored,
        /// What to write down about it.
        audit: AuditRecord,
    },
    /// Removes a pipeline. Its last document is kept under its revision, with the older ones:
    /// ranges that its group still records may need them when the name comes back.
    Remove {
        /// Which.
        name: String,
        /// What to write down about it.
        audit: AuditRecord,
    },
    /// Forgets a document that no recorded range needs any more.
    DropRevision {
        /// Of which pipeline.
        name: String,
        /// Which revision.
        revision: String,
    },
    /// Writes down something that changed elsewhere.
    Audit(AuditRecord),
}
