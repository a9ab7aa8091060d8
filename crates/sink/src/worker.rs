//! Records of one consumer in, dead letters and batches out: the loop that never waits.
//!
//! One OS thread owns one consumer, one state machine and the open batches. It polls, decodes
//! and does what the machine asks for; whatever could wait (registry, table, inserts, dead
//! letters, positions) runs on the runtime and answers through one channel. The only blocking
//! calls are a poll of at most [`POLL_MAX`] and the commit, one per tick for all partitions.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use decode::{Frozen, Plan, Sizes, Spare};
use deliver::{Event, Machine, RangeId, RecordId, TopicPartition};
use pipeline_spec::Pipeline;
use rdkafka::{consumer::Consumer as _, error::KafkaError, types::RDKafkaErrorCode};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

use crate::{
    consume::{Consumer, Rebalance, list},
    dead_letters::Letter,
    insert::Inserter,
    memory::{Budget, Share},
    metrics::{Metrics, PipelineMetrics},
    positions::{self, Positions},
    schemas::{Outcome, PlanKey, Schemas},
};

mod act;
mod plans;
mod take;

use self::{act::Epochs, plans::Plans, take::Stash};

/// Longest poll. Also the longest wait before an answer of the runtime is taken.
const POLL_MAX: Duration = Duration::from_millis(20);

/// Records taken before the loop looks at everything else: about a millisecond's worth.
const BURST_MAX: usize = 1_000;

/// Answers that may wait for the worker.
const ANSWERS_MAX: usize = 1_024;

/// What the runtime tells a worker.
#[derive(Debug)]
pub enum Answer {
    /// Where newly assigned partitions start.
    Positions(Positions),
    /// What became of a request for a plan.
    Plan(PlanKey, Outcome),
    /// A batch is in ClickHouse. Its block comes back for its buffers.
    Inserted(RangeId, Frozen),
    /// A batch was refused for good.
    InsertFailed(RangeId),
    /// A dead letter is acknowledged.
    DeadLetterAcked(RecordId),
}

/// What a worker is made of.
#[expect(missing_debug_implementations, reason = "rdkafka's consumer has none")]
pub struct Parts {
    /// What is wanted.
    pub pipeline: Arc<Pipeline>,
    /// When batches are cut.
    pub settings: deliver::Settings,
    /// How often.
    pub cut: Duration,
    /// Where records come from.
    pub consumer: Consumer,
    /// Where plans come from.
    pub schemas: Arc<Schemas>,
    /// Where batches go.
    pub inserter: Inserter,
    /// Where bad records go.
    pub letters: mpsc::Sender<Letter>,
    /// Bytes of used buffers to keep for the next batches.
    pub spare_bytes_max: usize,
    /// Shared by all workers of the process.
    pub budget: Arc<Budget>,
    /// Of the process.
    pub process_metrics: Metrics,
    /// Of the pipeline.
    pub metrics: PipelineMetrics,
    /// Where everything that waits runs.
    pub runtime: Handle,
}

/// Runs until `stop`, then finishes what it holds, leaves the group and tells `ended`.
///
/// Tells an error when the consumer or a commit fails in a way that only a fresh consumer can
/// mend. Nothing more is committed then: the next owner reads again what was not. The error is
/// told before the consumer is left, since that may hang with the consumer.
pub fn run(parts: Parts, stop: &CancellationToken, ended: oneshot::Sender<anyhow::Result<()>>) {
    let budget = parts.budget.clone();
    let mut worker = Worker::new(parts, budget.share());
    // Nobody listens when the process is ending anyway.
    match worker.work(stop) {
        Ok(()) => {
            worker.leave();
            drop(ended.send(Ok(())));
        }
        Err(error) => {
            drop(ended.send(Err(error)));
            worker.leave();
        }
    }
}

struct Worker<'budget> {
    started: Instant,
    pipeline: Arc<Pipeline>,
    consumer: Arc<Consumer>,
    machine: Machine<crate::batch::Batch>,
    plans: Plans,
    stashed: Vec<Stash>,
    /// Sizes of the last batch, by which the next one is made.
    sizes: Sizes,
    /// Buffers of batches that have landed.
    spare: Spare,
    epochs: Epochs,
    inserter: Inserter,
    letters: mpsc::Sender<Letter>,
    answers: (mpsc::Sender<Answer>, mpsc::Receiver<Answer>),
    runtime: Handle,
    cut: Duration,
    next_tick: Duration,
    share: Share<'budget>,
    budget: Arc<Budget>,
    process_metrics: Metrics,
    metrics: PipelineMetrics,
    /// The change of the group that is being answered: the next one waits.
    rebalance: Option<Rebalance>,
    /// What is wrong with the brokers, to tell changes only.
    trouble: Option<String>,
    drained: bool,
    /// Cancelled at the end: nobody listens to requests any more.
    ended: CancellationToken,
}

impl<'budget> Worker<'budget> {
    fn new(parts: Parts, share: Share<'budget>) -> Self {
        Self {
            started: Instant::now(),
            machine: Machine::new(parts.settings, rand::random()),
            plans: Plans::new(parts.schemas),
            pipeline: parts.pipeline,
            consumer: Arc::new(parts.consumer),
            stashed: Vec::new(),
            sizes: Sizes::default(),
            spare: Spare::new(parts.spare_bytes_max),
            epochs: Epochs::default(),
            inserter: parts.inserter,
            letters: parts.letters,
            answers: mpsc::channel(ANSWERS_MAX),
            runtime: parts.runtime,
            cut: parts.cut,
            next_tick: Duration::ZERO,
            share,
            budget: parts.budget,
            process_metrics: parts.process_metrics,
            metrics: parts.metrics,
            rebalance: None,
            trouble: None,
            drained: false,
            ended: CancellationToken::new(),
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn work(&mut self, stop: &CancellationToken) -> anyhow::Result<()> {
        let mut draining = false;
        while !self.drained {
            self.burst()?;
            self.change()?;
            self.hear()?;
            self.retry_stashed()?;
            self.weigh()?;
            if !draining && stop.is_cancelled() {
                draining = true;
                self.tell(Event::Drain)?;
            }
            let now = self.now();
            if self.machine.wants_tick() || now >= self.next_tick {
                self.next_tick = now + self.cut;
                self.tell(Event::Tick)?;
            }
        }
        Ok(())
    }

    /// Tells the machine and does what it asks for.
    fn tell(&mut self, event: Event) -> anyhow::Result<()> {
        let now = self.now();
        self.machine.handle(now, event);
        self.act()
    }

    /// Takes what has been fetched, up to [`BURST_MAX`] records.
    fn burst(&mut self) -> anyhow::Result<()> {
        let now = self.now();
        let mut wait = self.next_tick.saturating_sub(now).min(POLL_MAX);
        let consumer = self.consumer.clone();
        for _ in 0..BURST_MAX {
            let Some(polled) = consumer.poll(wait) else { break };
            wait = Duration::ZERO;
            match polled {
                Ok(message) => {
                    if self.trouble.take().is_some() {
                        tracing::info!(pipeline = self.pipeline.name, "records arrive again");
                    }
                    let goes_on = self.take(&message, now)?;
                    if !goes_on || self.machine.wants_tick() {
                        break;
                    }
                }
                Err(error) => {
                    self.poll_failed(error)?;
                    break;
                }
            }
        }
        self.act()
    }

    /// Librdkafka reconnects by itself, so that most errors are told once and waited out.
    fn poll_failed(&mut self, error: KafkaError) -> anyhow::Result<()> {
        if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
            return Err(error).context("receive record");
        }
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AutoOffsetReset) {
            return Err(error).context(
                "the offset to go on from is no longer in the topic: its retention has passed \
                 records that were not read, or the topic was created again",
            );
        }
        let text = error.to_string();
        if self.trouble.as_ref() != Some(&text) {
            tracing::warn!(pipeline = self.pipeline.name, error = text, "no records, still trying");
            self.trouble = Some(text);
        }
        Ok(())
    }

    /// Begins to answer the next change of the group, one at a time.
    fn change(&mut self) -> anyhow::Result<()> {
        while self.rebalance.is_none() {
            let Some(event) = self.consumer.context().next_event() else { return Ok(()) };
            self.rebalance = Some(event.clone());
            match event {
                Rebalance::Assign(partitions) if partitions.is_empty() => {
                    self.tell(Event::Assigned(Vec::new()))?;
                }
                Rebalance::Assign(partitions) => {
                    self.ask_positions(partitions);
                }
                // Somebody else owns these already: nothing may be committed for them.
                Rebalance::Revoke(partitions) if self.consumer.assignment_lost() => {
                    self.tell(Event::Lost(partitions))?;
                }
                Rebalance::Revoke(partitions) => {
                    self.tell(Event::Revoked(partitions))?;
                }
                Rebalance::Failed(reason) => {
                    anyhow::bail!("the consumer group failed: {reason}");
                }
            }
        }
        Ok(())
    }

    fn ask_positions(&self, partitions: Vec<TopicPartition>) {
        let (consumer, pipeline) = (self.consumer.clone(), self.pipeline.clone());
        let (answers, metrics) = (self.answers.0.clone(), self.metrics.clone());
        let ended = self.ended.clone();
        self.runtime.spawn_blocking(move || {
            while !ended.is_cancelled() {
                let source = &pipeline.source;
                match positions::resolve(&consumer, &source.topics, &partitions, source.start) {
                    Ok(found) => {
                        // Nobody listens only when the worker has ended.
                        drop(answers.blocking_send(Answer::Positions(found)));
                        return;
                    }
                    // Each attempt waits by itself for as long as Kafka may take to answer.
                    Err(error) => {
                        metrics.still_waiting("committed offsets", &format!("{error:#}"));
                    }
                }
            }
        });
    }

    /// Takes what the runtime has answered.
    fn hear(&mut self) -> anyhow::Result<()> {
        while let Ok(answer) = self.answers.1.try_recv() {
            match answer {
                Answer::Positions(found) => {
                    self.machine.set_partitions_total(found.partitions_total);
                    self.tell(Event::Assigned(found.assignments))?;
                }
                Answer::Plan(key, outcome) => self.plans.answered(key, outcome),
                Answer::Inserted(range, block) => {
                    self.spare.keep(block);
                    self.tell(Event::Inserted(range))?;
                }
                Answer::InsertFailed(range) => self.tell(Event::InsertFailed(range))?,
                Answer::DeadLetterAcked(record) => self.tell(Event::DeadLetterAcked(record))?,
            }
        }
        Ok(())
    }

    /// Compares what is held with the budget of the process.
    fn weigh(&mut self) -> anyhow::Result<()> {
        let pressure = self.share.set(self.machine.bytes());
        self.process_metrics.memory(self.budget.used());
        if pressure == self.machine.pressure() {
            return Ok(());
        }
        if pressure == deliver::Pressure::Full {
            self.metrics.waits_for_memory();
        }
        self.tell(Event::Memory(pressure))
    }

    /// Leaves the group, so that others take over at once, and drops the consumer. A consumer
    /// that owns partitions may only be dropped once it answers its last revoke by itself.
    fn leave(mut self) {
        self.ended.cancel();
        self.epochs.cancel_all();
        self.consumer.context().close();
        while let Some(event) =
            self.rebalance.take().or_else(|| self.consumer.context().next_event())
        {
            let answered = match event {
                Rebalance::Assign(partitions) => {
                    self.consumer.incremental_assign(&list(&partitions))
                }
                Rebalance::Revoke(partitions) => {
                    self.consumer.incremental_unassign(&list(&partitions))
                }
                Rebalance::Failed(_) => Ok(()),
            };
            if let Err(error) = answered {
                tracing::debug!(%error, "change of the group not answered while leaving");
            }
        }
        self.consumer.unsubscribe();
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            if self.consumer.poll(POLL_MAX).is_none()
                && self.consumer.assignment().is_ok_and(|assigned| assigned.count() == 0)
            {
                return;
            }
        }
        tracing::warn!(pipeline = self.pipeline.name, "left without an answer of the group");
    }
}

/// How a record becomes a row, as far as the worker knows.
#[derive(Clone, Debug)]
enum Known {
    Plan(Arc<Plan>),
    UnknownId,
    Refused,
    /// Asked for; not answered yet.
    Awaited,
}
