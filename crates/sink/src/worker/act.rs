//! The machine's actions in, calls to Kafka and requests to the runtime out.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use deliver::{Action, Commit, Epoch, Event, Insert, Membership, StopReason, TopicPartition};
use rdkafka::{
    consumer::{CommitMode, Consumer as _},
    error::KafkaError,
    topic_partition_list::TopicPartitionList,
    types::RDKafkaErrorCode,
};
use tokio_util::sync::CancellationToken;

use super::{BeginAnew, Worker};
use crate::{
    batch::Batch,
    consume::{list, list_at},
    group_ffi,
    insert::FrozenBatch,
    spans::InsertSpan,
};

/// Longest wait for the answer to a request that is only to wake somebody.
const WAKE_MAX: Duration = Duration::from_secs(1);

/// The inserts of each partition's epoch can be given up together.
#[derive(Debug, Default)]
pub(super) struct Epochs {
    tokens: HashMap<TopicPartition, (Epoch, CancellationToken)>,
    stopped: HashMap<TopicPartition, StopReason>,
}

impl Epochs {
    fn token(&mut self, partition: &TopicPartition, epoch: Epoch) -> CancellationToken {
        match self.tokens.get(partition) {
            Some((found, token)) if *found == epoch => token.clone(),
            _ => {
                let token = CancellationToken::new();
                self.tokens.insert(partition.clone(), (epoch, token.clone()));
                token
            }
        }
    }

    fn cancel(&mut self, partition: &TopicPartition) {
        if let Some((_epoch, token)) = self.tokens.remove(partition) {
            token.cancel();
        }
    }

    /// Takes the reasons of all partitions that have stopped.
    pub(super) fn take_stopped(&mut self) -> impl Iterator<Item = StopReason> {
        std::mem::take(&mut self.stopped).into_values()
    }

    pub(super) fn cancel_all(&self) {
        self.tokens.values().for_each(|(_epoch, token)| token.cancel());
    }
}

impl Worker<'_> {
    /// Does everything the machine asks for, in order.
    pub(super) fn act(&mut self) -> anyhow::Result<()> {
        while let Some(action) = self.machine.next_action() {
            match action {
                Action::Assign(partitions) => {
                    let places = partitions.iter().map(|(id, offset)| (id, *offset));
                    let places = list_at(places).context("assign partitions")?;
                    self.consumer.incremental_assign(&places).context("assign partitions")?;
                    self.metrics.assigned(&partitions);
                    self.owned += count(&partitions);
                    self.steering.hurry();
                    self.rebalance = None;
                }
                Action::Unassign(partitions) => {
                    self.unassign(&partitions)?;
                    self.rebalance = None;
                }
                Action::Pause(partitions) => {
                    self.consumer.pause(&list(&partitions)).context("pause partitions")?;
                }
                Action::Resume(partitions) => {
                    self.consumer.resume(&list(&partitions)).context("resume partitions")?;
                    self.wake(partitions);
                }
                Action::Commit(commit) => self.commit(commit)?,
                Action::Replay(range, last, rows) => {
                    self.metrics.range_replayed(&range, last, rows);
                }
                Action::Insert(insert) => self.insert(insert),
                Action::Abandon(partition, _epoch) => {
                    self.epochs.cancel(&partition);
                    self.spans.given_up(&partition);
                }
                Action::Stop(partition, reason) => {
                    self.metrics.stopped(&partition, reason);
                    self.epochs.stopped.insert(partition, reason);
                    self.steering.hurry();
                }
                Action::WasReset(partition, offset) => self.was_reset(&partition, offset),
                Action::Drained => self.drained = true,
                Action::FailStop(why) => return Err(BeginAnew(why.as_str()).into()),
            }
        }
        Ok(())
    }

    /// Makes librdkafka fetch resumed partitions at once. Its broker threads sleep for up to a
    /// second while they have nothing to fetch, and a resume does not wake them; a request does.
    /// Seen in librdkafka 2.12.1, `rd_kafka_toppar_pause_resume`.
    fn wake(&self, partitions: Vec<TopicPartition>) {
        let consumer = self.consumer.clone();
        self.runtime.spawn_blocking(move || {
            for id in partitions {
                // Only the sending matters, not the answer.
                drop(consumer.fetch_watermarks(&id.topic, id.partition, WAKE_MAX));
            }
        });
    }

    fn unassign(&mut self, partitions: &[TopicPartition]) -> anyhow::Result<()> {
        self.stashed.retain(|stash| !partitions.contains(&stash.partition));
        for partition in partitions {
            self.epochs.cancel(partition);
            self.spans.given_up(partition);
            self.gave_up_reset(partition);
            if let Some(reason) = self.epochs.stopped.remove(partition) {
                self.metrics.stop_ended(reason);
            }
        }
        self.consumer.incremental_unassign(&list(partitions)).context("give up partitions")?;
        self.metrics.unassigned(partitions);
        self.owned -= count(partitions);
        self.steering.hurry();
        Ok(())
    }

    /// Commits on this thread (rule R1) and waits for the answer: the machine must know it before
    /// anything else happens. What the consumer knows of itself is asked before and after (rule
    /// R3).
    fn commit(&mut self, commit: Commit) -> anyhow::Result<()> {
        if !self.machine.may_commit(&commit, &self.membership()) {
            return Ok(());
        }
        let mut offsets = TopicPartitionList::with_capacity(commit.offsets.len());
        for (id, offset, metadata) in &commit.offsets {
            let mut element = offsets.add_partition(&id.topic, id.partition);
            let raw = rdkafka::Offset::Offset(offset.raw());
            element.set_offset(raw).context("commit offsets")?;
            element.set_metadata(metadata);
        }
        let started = Instant::now();
        self.announced = started;
        self.spans.committing();
        let result = self.consumer.commit(&offsets, CommitMode::Sync);
        let now = self.now();
        let Err(error) = result else {
            self.metrics.committed(started.elapsed());
            self.spans.committed(&commit);
            if self.machine.may_commit(&commit, &self.membership()) {
                self.machine.handle(now, Event::Committed(commit));
            }
            return Ok(());
        };
        match refusal(&error) {
            Refusal::Passes => {
                self.metrics.commit_delayed(&error);
                self.machine.handle(now, Event::CommitDelayed);
            }
            Refusal::ThrownOut => {
                self.metrics.commit_refused(&error);
                self.machine.handle(now, Event::CommitRefused(commit));
            }
            // What cannot be understood cannot be gone on from: the partitions are read again
            // from what is committed.
            Refusal::Unknown => return Err(error).context("commit offsets"),
        }
        Ok(())
    }

    /// What the consumer knows about itself now.
    fn membership(&self) -> Membership {
        Membership {
            member: group_ffi::member(&self.consumer),
            lost: self.consumer.assignment_lost(),
            fatal: self.consumer.client().fatal_error().is_some(),
            since_poll: self.polled.elapsed(),
        }
    }

    fn insert(&mut self, insert: Insert<Batch>) {
        let Insert { range, last, token, proof, topic, batch } = insert;
        self.sizes = batch.block.sizes();
        let mut frozen = FrozenBatch {
            columns: batch.block.columns().clone(),
            block: batch.block.freeze(),
            timestamps: batch.timestamps,
            announced: self.announced,
            span: InsertSpan::default(),
            token,
            proof,
            topic,
            last,
            range,
        };
        frozen.span = self.spans.inserting(&frozen, batch.opened);
        let abandoned = self.epochs.token(&frozen.range.partition, frozen.range.epoch);
        let inserter = self.inserter.clone();
        let (topics, answers) = (self.topics.clone(), self.answers.0.clone());
        self.runtime.spawn(inserter.run(frozen, topics, abandoned, answers));
    }
}

fn count<T>(of: &[T]) -> i64 {
    i64::try_from(of.len()).unwrap_or(i64::MAX)
}

/// What a refused commit means.
enum Refusal {
    /// The group changes, its coordinator moves, or a connection was lost: worth repeating as it
    /// is. In all of these the commit may have been applied (rule R5).
    Passes,
    /// This consumer was thrown out of the group or replaced (rule R4).
    ThrownOut,
    Unknown,
}

fn refusal(error: &KafkaError) -> Refusal {
    use RDKafkaErrorCode as Code;

    match error.rdkafka_error_code() {
        Some(
            Code::IllegalGeneration
            | Code::RebalanceInProgress
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::WaitingForCoordinator
            | Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::NetworkException
            | Code::RequestTimedOut
            | Code::OperationTimedOut
            | Code::MessageTimedOut
            | Code::StaleMemberEpoch,
        ) => Refusal::Passes,
        Some(Code::UnknownMemberId | Code::FencedInstanceId | Code::Fatal) => Refusal::ThrownOut,
        _ => Refusal::Unknown,
    }
}
