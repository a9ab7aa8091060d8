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
//! Rules kept here so far: R1 (by being called from one thread), R2 in part (an unknown metadata
//! version stops the partition), R5 (frozen batches), R6 in part (contiguous ranges, at most
//! eight), R7 (nonce and token), R11, R12. Commits carry no intent yet, so a killed process may
//! insert again what it had inserted but not committed.

mod event;
mod ids;
mod machine;
mod partition;
mod settings;

pub use event::{
    Action, Assignment, Commit, Event, Insert, Position, Pressure, RecordId, StopReason,
};
pub use ids::{Epoch, Nonce, Offset, RangeId, Token, TopicPartition};
pub use machine::{BadRecord, Machine, Slot, Verdict};
pub use settings::{RANGES_MAX, Settings};

/// What rows are gathered in. The machine only weighs it.
pub trait Batch {
    /// Complete rows in it.
    fn rows(&self) -> u64;

    /// Bytes of memory that it holds. Never shrinks while rows are added.
    fn bytes(&self) -> usize;
}
