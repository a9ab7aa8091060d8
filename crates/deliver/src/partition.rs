//! Records of one partition in, ranges that may be committed out: the bookkeeping behind an offset.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use crate::{
    Batch, Epoch, Intent, Lineage, Member, Nonce, Offset, StopReason, TopicId, TopicPartition,
    intent::{UNKNOWN_IDS_MAX, text},
    rules::{Rule, keeps},
    settings::RANGES_MAX,
};

mod hold;

pub(crate) use hold::Hold;

/// The batch that rows are decoded into, and the offsets that it covers so far.
#[derive(Debug)]
struct Open<B> {
    last: Offset,
    since: Duration,
    batch: Option<B>,
    /// [`Batch::bytes`] when a row was last added.
    bytes: usize,
    /// As [`Intent::unknown_ids`].
    unknown_ids: Vec<u32>,
    /// Whether the last of them is there for the record at `next` alone, which waits.
    judging: bool,
}

/// Offsets that were cut together.
#[derive(Debug)]
struct Range<B> {
    intent: Intent,
    /// Bytes that its batch holds, here or on its way to ClickHouse.
    bytes: usize,
    state: State<B>,
}

#[derive(Debug)]
enum State<B> {
    /// Cut, and not to be inserted before its intent is committed.
    Frozen {
        batch: B,
        /// Whether a commit that names it has been attempted.
        announced: bool,
    },
    Inserting,
    Inserted,
    Failed,
}

/// How an insert ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Inserted,
    Failed,
}

/// A batch to be inserted.
#[derive(Debug)]
pub(crate) struct Ready<B> {
    pub(crate) intent: Intent,
    pub(crate) batch: B,
    /// Whether it is, as far as anyone can tell, the batch of the first attempt.
    pub(crate) same: bool,
    /// Whether it has more rows than that one.
    pub(crate) grown: bool,
}

/// What all ranges of a machine have in common when they are cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) nonce: Nonce,
    pub(crate) used: u64,
    pub(crate) revision: u64,
}

/// One partition in one epoch. All offset arithmetic of the sink is in here.
///
/// Offsets in order: `done <= range_first <= next`.
#[derive(Debug)]
pub(crate) struct Partition<B> {
    pub(crate) id: TopicPartition,
    pub(crate) epoch: Epoch,
    /// Who the consumer was when the partition was assigned to it (rule R2).
    pub(crate) member: Member,
    /// Whether ranges are announced ([`crate::Settings::intents`]).
    intents: bool,
    pub(crate) lineage: Lineage,
    /// The topic that has its name, as Kafka told last.
    pub(crate) topic: Option<TopicId>,
    /// Whether Kafka holds an offset for the group, ours or a predecessor's.
    pub(crate) has_offset: bool,
    /// What Kafka is known to hold.
    pub(crate) confirmed: Option<(Offset, String)>,
    /// What the last commit attempt said, until it is answered (rule R5).
    attempt: Option<(Offset, String)>,
    /// Whether there is more to say than Kafka holds or the attempt says.
    dirty: bool,
    /// Everything below is in ClickHouse, acknowledged in the dead letters, or skipped.
    done: Offset,
    /// Where the next range to be cut begins. Offsets may have gaps (compaction, transactions):
    /// a range begins where the last one ended, not at its first record.
    range_first: Offset,
    /// The smallest offset that was not seen yet.
    next: Offset,
    open: Option<Open<B>>,
    /// Cut in this epoch, in order.
    ranges: VecDeque<Range<B>>,
    /// Recorded by a predecessor and not wholly read again yet, in order (rule R10). While there
    /// is one, the open batch belongs to it.
    replay: VecDeque<Intent>,
    /// Whether there is memory for the first of `replay`.
    pub(crate) admitted: bool,
    unacked: BTreeSet<Offset>,
    reset: reset::Reset,
    holds: hold::Holds,
    pub(crate) stopped: Option<StopReason>,
}

impl<B: Batch> Partition<B> {
    pub(crate) fn new(id: TopicPartition, epoch: Epoch, start: Offset, member: Member) -> Self {
        Self {
            id,
            epoch,
            member,
            intents: true,
            lineage: Lineage::default(),
            topic: None,
            has_offset: true,
            confirmed: None,
            attempt: None,
            dirty: false,
            done: start,
            range_first: start,
            next: start,
            open: None,
            ranges: VecDeque::new(),
            replay: VecDeque::new(),
            admitted: false,
            unacked: BTreeSet::new(),
            reset: reset::Reset::default(),
            holds: hold::Holds::default(),
            stopped: None,
        }
    }

    /// Inserts without announcing first.
    pub(crate) fn without_intents(mut self) -> Self {
        self.intents = false;
        self
    }

    /// Takes over what a predecessor recorded; it is read again before anything new is.
    pub(crate) fn inherit(&mut self, ranges: Vec<Intent>) {
        self.replay = ranges.into();
    }

    /// Notes that Kafka must hold its start before a record is taken.
    pub(crate) fn begins(&mut self) {
        self.has_offset = false;
        self.dirty = true;
    }

    /// Adds a reason. Returns whether it is the first, so that fetching must stop.
    pub(crate) fn hold(&mut self, hold: Hold) -> bool {
        if hold.is_final() && self.is_replaying() {
            // A recorded range is inserted whole or not at all: the next owner reads it again.
            self.admitted = false;
            self.open = None;
        }
        self.holds.add(hold)
    }

    /// Removes a reason. Returns whether it was the last, so that fetching must go on.
    pub(crate) fn release(&mut self, hold: Hold) -> bool {
        self.holds.remove(hold)
    }

    pub(crate) fn is_held(&self) -> bool {
        self.holds.any()
    }

    pub(crate) fn holds(&self, hold: Hold) -> bool {
        self.holds.has(hold)
    }

    /// Whether records are dropped until the next epoch.
    pub(crate) fn is_final(&self) -> bool {
        self.holds.is_final()
    }

    pub(crate) fn next(&self) -> Offset {
        self.next
    }

    pub(crate) fn done(&self) -> Offset {
        self.done
    }

    pub(crate) fn batch(&mut self) -> Option<&mut B> {
        self.open.as_mut()?.batch.as_mut()
    }

    /// Puts an empty batch in place for the record at [`Self::next`].
    pub(crate) fn open(&mut self, batch: B, now: Duration) {
        debug_assert!(self.batch().is_none(), "{} has an open batch already", self.id);
        let next = self.next;
        let open = self.open.get_or_insert_with(|| Open::empty(next, now));
        open.bytes = batch.bytes();
        open.batch = Some(batch);
    }

    /// Counts the record at `offset` as dealt with.
    pub(crate) fn advance(&mut self, offset: Offset, now: Duration) {
        debug_assert!(offset >= self.next, "{} goes back to {offset}", self.id);
        let open = self.open.get_or_insert_with(|| Open::empty(offset, now));
        open.last = offset;
        self.next = offset.next();
        open.bytes = open.batch.as_ref().map_or(0, Batch::bytes);
    }

    /// Notes that the record at [`Self::next`] names a schema that the registry does not know.
    /// Returns whether the open range can say so.
    pub(crate) fn judge(&mut self, id: u32, now: Duration) -> bool {
        if self.is_replaying() {
            return true; // its intent says so already
        }
        let next = self.next;
        let open = self.open.get_or_insert_with(|| Open::empty(next, now));
        if open.unknown_ids.contains(&id) {
            return true;
        }
        let fits = open.unknown_ids.len() < UNKNOWN_IDS_MAX;
        if fits {
            open.unknown_ids.push(id);
            open.judging = true;
        }
        fits
    }

    /// Takes back a judgement: while its record waited for room among the dead letters, the
    /// registry came to know the id.
    pub(crate) fn unjudge(&mut self) {
        if let Some(open) = &mut self.open
            && open.judging
        {
            open.judging = false;
            open.unknown_ids.pop();
        }
    }

    /// Notes a record that may not be passed before its dead letter is acknowledged.
    pub(crate) fn await_ack(&mut self, offset: Offset) {
        self.unacked.insert(offset);
        if let Some(open) = &mut self.open {
            open.judging = false;
        }
    }

    pub(crate) fn acked(&mut self, offset: Offset) {
        self.unacked.remove(&offset);
        self.settle();
    }

    pub(crate) fn open_rows(&self) -> u64 {
        self.open.as_ref().and_then(|open| open.batch.as_ref()).map_or(0, Batch::rows)
    }

    pub(crate) fn open_bytes(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.bytes)
    }

    /// When the first record of the open batch came; `None` when nothing is open that could be
    /// cut. What belongs to a recorded range never is.
    pub(crate) fn open_since(&self) -> Option<Duration> {
        let open = self.open.as_ref().filter(|open| open.last < self.next)?;
        (!self.is_replaying()).then_some(open.since)
    }

    /// Whether [`RANGES_MAX`] ranges are in flight, so that nothing more can be cut.
    pub(crate) fn is_crowded(&self) -> bool {
        self.ranges.len() + self.replay.len() >= RANGES_MAX
    }

    /// Freezes what is open (rule R5: from here on the same offsets and rows, whatever happens).
    /// It is inserted once its intent is committed (rule R6). Does nothing when nothing is open
    /// or nothing more may be in flight.
    pub(crate) fn cut(&mut self, stamp: Stamp) {
        if self.is_crowded() || self.is_replaying() {
            return;
        }
        self.unjudge(); // of a record that waits outside: it belongs to the next range
        // Not yet when it was opened for that record alone.
        let next = self.next;
        let Some(open) = self.open.take_if(|open| open.last < next) else { return };
        let batch = open.batch.filter(|batch| batch.rows() > 0);
        let intent = Intent {
            first: self.range_first,
            last: open.last,
            rows: batch.as_ref().map_or(0, Batch::rows),
            bytes: open.bytes as u64,
            used: stamp.used,
            nonce: stamp.nonce,
            fingerprint: batch.as_ref().map_or(0, Batch::fingerprint),
            revision: stamp.revision,
            unknown_ids: open.unknown_ids,
        };
        self.range_first = open.last.next();
        let (state, bytes) = match batch {
            Some(batch) => (State::Frozen { batch, announced: false }, open.bytes),
            None => (State::Inserted, 0),
        };
        self.ranges.push_back(Range { intent, bytes, state });
        self.dirty = true;
        self.settle();
    }

    /// Forgets what no commit has named yet: the next owner reads it again.
    pub(crate) fn drop_unannounced(&mut self) {
        self.open = None;
        while let Some(Range { state: State::Frozen { announced: false, .. }, .. }) =
            self.ranges.back()
        {
            self.ranges.pop_back();
        }
    }

    /// Forgets what can never be cut: behind a range that a person must see to first, with no room
    /// for another. The next owner reads it again.
    pub(crate) fn drop_jammed(&mut self) {
        let jammed = self.stopped.is_some() && self.is_crowded() && self.is_settled();
        if jammed && !self.is_replaying() {
            self.open = None;
        }
    }

    /// What to commit, if Kafka may not hold it yet: the offset below which all is done, and the
    /// ranges above it that may be inserted (rule R6). The same until it is answered (rule R5).
    pub(crate) fn attempt(&mut self) -> Option<(Offset, String)> {
        if self.attempt.is_none() || !keeps(Rule::R5) {
            if !self.dirty && self.attempt.is_none() {
                return None;
            }
            self.dirty = false;
            for range in &mut self.ranges {
                if let State::Frozen { announced, .. } = &mut range.state {
                    *announced = true;
                }
            }
            // R10: what is not read again yet stays recorded.
            let replay = self.replay.iter().filter(|_| keeps(Rule::R10));
            let ranges = self.ranges.iter().map(|range| &range.intent).chain(replay);
            let ranges = ranges.filter(|_| self.intents);
            self.attempt = Some((self.done, text(&self.lineage, ranges)));
        }
        self.attempt.clone()
    }

    /// Notes that the last attempt may or may not have been applied.
    pub(crate) fn attempt_failed(&mut self, nonce: Nonce) {
        if keeps(Rule::R5) {
            return;
        }
        for range in &mut self.ranges {
            if matches!(range.state, State::Frozen { .. }) {
                range.intent.nonce = nonce;
            }
        }
    }

    /// Notes that Kafka holds what the last attempt said.
    pub(crate) fn committed(&mut self) {
        self.confirmed = self.attempt.take().or(self.confirmed.take());
        self.has_offset = true;
    }

    /// The next batch that may be inserted, since its intent is committed (rule R6).
    pub(crate) fn ready(&mut self) -> Option<Ready<B>> {
        let waits = self.intents && keeps(Rule::R6);
        if waits && self.attempt.is_some() {
            return None;
        }
        let ready = |range: &&mut Range<B>| match &range.state {
            State::Frozen { announced, .. } => *announced || !waits,
            State::Inserting | State::Inserted | State::Failed => false,
        };
        let range = self.ranges.iter_mut().find(ready)?;
        let State::Frozen { batch, .. } = std::mem::replace(&mut range.state, State::Inserting)
        else {
            return None; // only frozen ones are found
        };
        Some(Ready { intent: range.intent.clone(), batch, same: true, grown: false })
    }

    /// Notes how the insert of the range at `first` ended. False when there is no such range in
    /// flight.
    pub(crate) fn insert_ended(&mut self, first: Offset, outcome: Outcome) -> bool {
        let Some(range) = self.ranges.iter_mut().find(|range| range.intent.first == first) else {
            return false;
        };
        if !matches!(range.state, State::Inserting) {
            return false;
        }
        range.state = match outcome {
            Outcome::Inserted => State::Inserted,
            Outcome::Failed => State::Failed,
        };
        range.bytes = 0;
        self.settle();
        true
    }

    /// Bytes of the open batch, of frozen ones and of those on their way to ClickHouse, and those
    /// that the rest of an admitted replay will take.
    pub(crate) fn bytes(&self) -> usize {
        let ranges: usize = self.ranges.iter().map(|range| range.bytes).sum();
        ranges + self.open_bytes().max(self.reserved())
    }

    fn reserved(&self) -> usize {
        let next = self.replay.front().filter(|_| self.admitted);
        next.map_or(0, |intent| usize::try_from(intent.bytes).unwrap_or(usize::MAX))
    }

    /// Ranges that are in flight, or recorded and not read again yet.
    pub(crate) fn pending(&self) -> usize {
        self.ranges.len() + self.replay.len()
    }

    /// Whether nothing is under way that could still end by itself.
    pub(crate) fn is_settled(&self) -> bool {
        let busy = |state: &State<B>| match state {
            State::Frozen { .. } | State::Inserting => true,
            State::Inserted | State::Failed => false,
        };
        !self.ranges.iter().any(|range| busy(&range.state)) && self.unacked.is_empty()
    }

    /// Whether something waits for the next commit: its start, a reset, a batch, or an attempt that
    /// was not answered.
    pub(crate) fn hurries(&self) -> bool {
        let frozen = |range: &Range<B>| matches!(range.state, State::Frozen { .. });
        let waits = !self.has_offset || self.attempt.is_some() || self.is_resetting();
        waits || self.ranges.iter().any(frozen)
    }

    /// Whether Kafka holds all that there is to say.
    pub(crate) fn is_committed(&self) -> bool {
        !self.dirty && self.attempt.is_none()
    }

    /// Moves `done` past the contiguous ranges that need nothing more (rule R11). This is the
    /// invariant: an offset is passed only after every record below it is in ClickHouse or
    /// acknowledged in the dead letters.
    fn settle(&mut self) {
        if !keeps(Rule::R11) {
            let ended = |range: &Range<B>| matches!(range.state, State::Inserted);
            while let Some(last) = self.ranges.iter().rposition(ended) {
                self.done = self.ranges[last].intent.last.next();
                self.ranges.drain(..=last);
                self.dirty = true;
            }
        }
        while let Some(front) = self.ranges.front() {
            let acknowledged = self.unacked.first().is_none_or(|first| *first > front.intent.last);
            if !matches!(front.state, State::Inserted) || !acknowledged {
                return;
            }
            self.done = front.intent.last.next();
            self.ranges.pop_front();
            self.dirty = true;
        }
    }

    /// Gives up waiting, as though everything had ended. Never done while rule R12 is kept.
    pub(crate) fn pretend_settled(&mut self) {
        self.unacked.clear();
        for range in &mut self.ranges {
            range.state = State::Inserted;
        }
        self.settle();
    }
}

impl<B> Open<B> {
    fn empty(last: Offset, since: Duration) -> Self {
        Self { last, since, batch: None, bytes: 0, unknown_ids: Vec::new(), judging: false }
    }
}

mod replay;
mod reset;
