//! A process that can die and come back: a consumer and a worker, and what each remembers.

use std::collections::VecDeque;

use super::{client::Client, inserts::Task, log::P, steer::Obeying, table::Rows};
use crate::{Commit, Epoch, Machine, Member, Offset, RangeId, RecordId, TopicPartition, Window};

/// Where a sink runs.
#[derive(Debug)]
pub(super) struct Process {
    /// Not running before then; `None` while it runs.
    pub(super) down_until: Option<u64>,
    /// How often it was started.
    pub(super) incarnation: u32,
    /// Nothing of it runs before then.
    pub(super) frozen_until: u64,
    /// Its worker does not run before then.
    pub(super) stalled_until: u64,
    pub(super) client: Client,
    pub(super) worker: Worker,
}

impl Process {
    pub(super) fn runs(&self, now: u64) -> bool {
        self.down_until.is_none() && now >= self.frozen_until
    }

    pub(super) fn owns_stopped(&self, id: &TopicPartition) -> bool {
        let machine = &self.worker.machine;
        let slot = machine.slot(&id.topic, id.partition);
        self.down_until.is_none() && slot.is_some_and(|slot| machine.stopped(slot).is_some())
    }
}

/// The sink's worker: the machine under test, and what surrounds it.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) machine: Machine<Rows>,
    /// What it does next in its round.
    pub(super) phase: u8,
    pub(super) next_tick: u64,
    /// Who the consumer was when it was given what is asked for.
    pub(super) assigned_as: Member,
    /// Partitions whose positions are being read.
    pub(super) asked: Option<Vec<P>>,
    /// Records that wait outside their batch, by their index.
    pub(super) stash: Vec<(P, usize)>,
    pub(super) inbox: VecDeque<Heard>,
    pub(super) tasks: Vec<Task>,
    pub(super) commit: Option<Sent>,
    /// Entries in the table when the last commit was answered well.
    pub(super) announced: u64,
    /// The plan by which it makes rows.
    pub(super) plan: u64,
    pub(super) window: Option<Window>,
    /// Bytes that its batches may take.
    pub(super) budget: usize,
    /// Whether that is less than others have.
    pub(super) is_small: bool,
    pub(super) full: bool,
    /// Since when a replay waits, and for which offset.
    pub(super) waits: Vec<Option<(i64, u64)>>,
    /// Ids that the registry did not know when it was asked last.
    pub(super) unknown: Vec<usize>,
    pub(super) obeying: Obeying,
    /// [`super::log::Log::reading`] of each partition when its position was read.
    pub(super) readings: Vec<u32>,
}

/// What a worker hears from its runtime.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    Inserted(RangeId),
    Unprovable(RangeId),
    Passed(TopicPartition, Epoch, Offset),
    Acked(RecordId),
}

/// A commit that a worker waits for.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) commit: Commit,
    pub(super) offsets: Vec<(P, i64, String)>,
    /// Who sends it. Decided later while the coordinator is away.
    pub(super) member: Option<Member>,
    pub(super) answer: Option<Answered>,
}

/// How a commit ends, as the worker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Fine,
    Delayed,
    Refused,
}
