//! Exactly once as a state machine: events in, actions out, and nothing else.
//!
//! The machine owns every partition of one worker: which offsets were seen, which are in a
//! batch, in flight, done, committed. It knows no Kafka client, no runtime and no clock; time is
//! passed in. The worker asks it for every decision about offsets and makes none of its own.
//!
//! A record's life in here: [`Machine::expects`] says whether it is the next one,
//! [`Machine::batch`] lends the open batch to the decoder, [`Machine::taken`] counts it. A
//! [`Event::Tick`] cuts what is due into ranges ([`Action::Insert`]); when ClickHouse has them
//! ([`Event::Inserted`]) the contiguous part is committed ([`Action::Commit`]).
//!
//! **Invariant:** an offset is committed only after every record below it is in ClickHouse or
//! acknowledged in the dead letters.
//!
//! The protocol's rules are explained in `docs/exactly-once.md`. Kept here: R2 in [`Position`] and
//! `machine/group`, R3 in [`Machine::may_commit`], R4 in [`Machine::handle`], R5, R6 and R11 in
//! `partition`, R7's nonce in `machine/tick`, R8 and R10 in `partition/replay`, R9 in [`Proof`], R12 in
//! `machine/group`.

mod event;
mod fence;
mod ids;
mod intent;
mod machine;
mod partition;
mod proof;
mod rules;
mod settings;
#[cfg(test)]
mod sim;

pub use event::{
    Action, Assignment, Commit, Event, Insert, Position, Pressure, RecordId, StopReason,
};
pub use fence::{Fenced, Member, Membership};
pub use ids::{Epoch, Nonce, Offset, RangeId, Token, TopicId, TopicPartition};
pub use intent::{
    Intent, Lineage, METADATA_BYTES_MAX, Metadata, Origin, UNKNOWN_IDS_MAX, UnknownMetadata,
};
pub use machine::{BadRecord, Machine, Slot, Verdict, View};
pub use proof::{Proof, Settled, Window};
pub use settings::{RANGES_MAX, Settings};

/// What rows are gathered in. The machine only weighs it.
pub trait Batch {
    /// Complete rows in it.
    fn rows(&self) -> u64;

    /// Bytes of memory that it holds. Never shrinks while rows are added.
    fn bytes(&self) -> usize;

    /// Of everything that decides which rows its records become: the same records under the same
    /// fingerprint are the same rows, in every process and every release.
    fn fingerprint(&self) -> u64;
}
