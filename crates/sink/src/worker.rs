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
use decode::{Plan, Sizes, Spare};
use deliver::{Event, Fenced, Machine, Member, StopReason, TopicPartition, Window};
use pipeline_spec::Pipeline;
use rdkafka::{ClientConfig, consumer::Consumer as _, error::KafkaError, types::RDKafkaErrorCode};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
};
use tokio_util::sync::CancellationToken;

use crate::{
    backoff,
    board::Board,
    consume::{Consumer, Rebalance, Source},
    dead_letters::Letter,
    group_ffi,
    insert::Inserter,
    memory::{Pot, Share},
    metrics::{Metrics, PipelineMetrics},
    mirrors::Mirrors,
    orders::{Orders, RowRules},
    positions::{self, Wanted},
    schemas::Schemas,
    spans::Spans,
    standing::Standing,
    topics::Topics,
};

mod act;
mod ending;
mod ends;
mod hear;
mod plans;
mod pulse;
mod steer;
mod take;
mod topics;

use self::{
    act::Epochs, ending::BeginAnew, ends::Waits, plans::Plans, steer::Steering, take::Stash,
};
pub use self::{ending::Ended, hear::Answer, pulse::Pulse};

/// Longest poll. Also the longest wait before an answer of the runtime is taken.
const POLL_MAX: Duration = Duration::from_millis(20);

/// Records taken before the loop looks at everything else: about a millisecond's worth.
const BURST_MAX: usize = 1_000;

/// Answers that may wait for the worker.
const ANSWERS_MAX: usize = 1_024;

/// What a worker is made of.
#[expect(missing_debug_implementations, reason = "rdkafka's consumer has none")]
pub struct Parts {
    /// What is wanted.
    pub pipeline: Arc<Pipeline>,
    /// What is read.
    pub source: Arc<Source>,
    /// Copies of its offsets, if it is stored.
    pub mirrors: Option<Mirrors>,
    /// Tells the workers of a pipeline apart.
    pub number: u16,
    /// What to do at the moment.
    pub orders: watch::Receiver<Orders>,
    /// Where to say what is owned.
    pub board: Arc<Board>,
    /// When batches are cut.
    pub settings: deliver::Settings,
    /// How often.
    pub cut: Duration,
    /// Where records come from.
    pub consumer: Consumer,
    /// How its consumer was made: to ask the same brokers beside it.
    pub client: ClientConfig,
    /// Where plans come from.
    pub schemas: Arc<Schemas>,
    /// What the table promises.
    pub standing: Arc<Standing>,
    /// Told that the worker is alive.
    pub pulse: Arc<Pulse>,
    /// Where batches go.
    pub inserter: Inserter,
    /// Where bad records go.
    pub letters: mpsc::Sender<Letter>,
    /// Bytes of used buffers to keep for the next batches.
    pub spare_bytes_max: usize,
    /// What the workers of the pipeline may hold.
    pub pot: Arc<Pot>,
    /// Of the process.
    pub process_metrics: Metrics,
    /// Of the pipeline.
    pub metrics: PipelineMetrics,
    /// What traces tell.
    pub spans: Spans,
    /// Where everything that waits runs.
    pub runtime: Handle,
}

/// Tells a pipeline to end. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Take no more records, finish what is held, leave.
    pub drain: CancellationToken,
    /// Give up what is held without committing it, and leave: the next owner reads it again.
    pub give_up: CancellationToken,
}

/// Runs until `stop`, then finishes what it holds, leaves the group and tells `ended`.
///
/// What only a fresh consumer can mend is told before the consumer is left, since that may hang
/// with the consumer; `left` is dropped when it is done. Nothing more is committed then.
pub fn run(parts: Parts, stop: &Stop, ended: oneshot::Sender<Ended>, left: oneshot::Sender<()>) {
    let pot = parts.pot.clone();
    let mut worker = Worker::new(parts, pot.share());
    // Nobody listens when the process is ending anyway.
    match worker.work(stop) {
        Ok(()) => {
            worker.leave();
            drop(ended.send(Ended::Stopped));
        }
        Err(error) => {
            let reason = error.downcast_ref().map_or("failed", |BeginAnew(reason)| reason);
            let detail = format!("{error:#}");
            drop(ended.send(Ended::BeginAnew { reason, detail }));
            worker.leave();
        }
    }
    drop(left);
}

struct Worker<'pot> {
    started: Instant,
    pipeline: Arc<Pipeline>,
    source: Arc<Source>,
    mirrors: Option<Mirrors>,
    consumer: Arc<Consumer>,
    topics: Arc<Topics>,
    client: ClientConfig,
    /// When it was polled last.
    polled: Instant,
    /// When the last commit was sent.
    announced: Instant,
    pulse: Arc<Pulse>,
    machine: Machine<crate::batch::Batch>,
    plans: Plans,
    standing: Arc<Standing>,
    /// What the machine was told of it last.
    window: Option<Window>,
    number: u16,
    steering: Steering,
    board: Arc<Board>,
    /// Partitions added to the consumer.
    owned: i64,
    stashed: Vec<Stash>,
    /// Since when partitions wait for a record of a range that is replayed.
    waits: Waits,
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
    share: Share<'pot>,
    pot: Arc<Pot>,
    process_metrics: Metrics,
    metrics: PipelineMetrics,
    spans: Spans,
    /// The change of the group that is being answered: the next one waits.
    rebalance: Option<Rebalance>,
    /// When partitions were assigned last: what was asked before says nothing of their topics.
    assigned_at: Instant,
    /// Who the consumer was when it was given the partitions whose positions are being read.
    assigned_as: Member,
    /// What is wrong with the brokers, to tell changes only.
    trouble: Option<String>,
    drained: bool,
    /// Cancelled at the end: nobody listens to requests any more.
    ended: CancellationToken,
}

impl<'pot> Worker<'pot> {
    fn new(mut parts: Parts, share: Share<'pot>) -> Self {
        let rules = RowRules::of(&parts.pipeline);
        let steering = Steering::new(parts.orders, rules, parts.settings.revision);
        let consumer = Arc::new(parts.consumer);
        let names = parts.source.all();
        let topics = Arc::new(Topics::new(&consumer, names, parts.metrics.clone()));
        parts.settings.paused = steering.paused();
        Self {
            started: Instant::now(),
            polled: Instant::now(),
            announced: Instant::now(),
            client: parts.client,
            pulse: parts.pulse,
            machine: Machine::new(parts.settings, rand::random()),
            plans: Plans::new(parts.schemas),
            standing: parts.standing,
            window: None,
            number: parts.number,
            steering,
            board: parts.board,
            owned: 0,
            waits: Waits::default(),
            assigned_as: Member::default(),
            assigned_at: Instant::now(),
            pipeline: parts.pipeline,
            source: parts.source,
            mirrors: parts.mirrors,
            consumer,
            topics,
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
            pot: parts.pot,
            process_metrics: parts.process_metrics,
            metrics: parts.metrics,
            spans: parts.spans,
            rebalance: None,
            trouble: None,
            drained: false,
            ended: CancellationToken::new(),
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn work(&mut self, stop: &Stop) -> anyhow::Result<()> {
        self.watch_topics();
        let mut draining = false;
        while !self.drained {
            self.pulse.beat();
            self.burst()?;
            self.change()?;
            self.hear()?;
            self.retry_stashed()?;
            self.weigh()?;
            self.obey()?;
            if !draining && stop.drain.is_cancelled() {
                draining = true;
                self.tell(Event::Drain)?;
            }
            if stop.give_up.is_cancelled() {
                return Err(BeginAnew("given-up").into());
            }
            let now = self.now();
            if self.machine.wants_tick() || now >= self.next_tick {
                self.next_tick = now + self.cut;
                self.look_for_ends(now);
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
        let mut records = 0;
        for _ in 0..BURST_MAX {
            let Some(polled) = consumer.poll(wait) else { break };
            wait = Duration::ZERO;
            match polled {
                Ok(message) => {
                    if self.trouble.take().is_some() {
                        tracing::info!(pipeline = self.pipeline.name, "records arrive again");
                    }
                    records += 1;
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
        self.metrics.records(records);
        self.polled = Instant::now();
        self.act()
    }

    /// Librdkafka reconnects by itself, so that most errors are told once and waited out.
    fn poll_failed(&mut self, error: KafkaError) -> anyhow::Result<()> {
        if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
            return Err(error).context("receive record");
        }
        match error.rdkafka_error_code() {
            // R4: the group has thrown this consumer out by now.
            Some(RDKafkaErrorCode::PollExceeded) => {
                return self.tell(Event::Fenced(Fenced::PollOverdue));
            }
            // Which partition it is, is not said.
            Some(RDKafkaErrorCode::AutoOffsetReset) => {
                self.ask_watermarks();
                return Ok(());
            }
            _ => {}
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
            // R2: whoever the consumer is now may commit for what it was given now.
            self.assigned_as = group_ffi::member(&self.consumer);
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
                    self.metrics.partitions_lost(&partitions);
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
        let (source, mirrors) = (self.source.clone(), self.mirrors.clone());
        let (answers, metrics) = (self.answers.0.clone(), self.metrics.clone());
        let (target, member) = (self.inserter.target.clone(), self.assigned_as.clone());
        let asking = async move {
            let mut attempt = 0;
            loop {
                let mirrors = mirrors.as_ref();
                let wanted = Wanted { pipeline: &pipeline, source: &source, mirrors };
                let found =
                    positions::resolve(&consumer, &target, wanted, &partitions, &member).await;
                match found {
                    // Nobody listens only when the worker has ended.
                    Ok(found) => return drop(answers.send(Answer::Positions(found)).await),
                    Err(error) => {
                        metrics.still_waiting("committed offsets", &format!("{error:#}"));
                    }
                }
                attempt += 1;
                tokio::time::sleep(backoff::pause(attempt)).await;
            }
        };
        let ended = self.ended.clone();
        self.runtime.spawn(async move { ended.run_until_cancelled(asking).await });
    }

    /// Compares what is held with the budget of the process.
    fn weigh(&mut self) -> anyhow::Result<()> {
        let pressure = self.share.set(self.machine.bytes());
        self.process_metrics.memory(self.pot.budget().used());
        self.tell(Event::Room(self.pot.budget().free()))?;
        self.tell_window()?;
        if pressure == self.machine.pressure() {
            return Ok(());
        }
        if pressure == deliver::Pressure::Full {
            self.metrics.waits_for_memory();
        }
        self.tell(Event::Memory(pressure))
    }

    /// Tells the machine how much of the deduplication window has been used.
    fn tell_window(&mut self) -> anyhow::Result<()> {
        let window = self.standing.window();
        match window {
            Some(now) if window != self.window => {
                self.window = window;
                self.tell(Event::Window(now))
            }
            _ => Ok(()),
        }
    }
}

/// How a record becomes a row, as far as the worker knows.
#[derive(Clone, Debug)]
enum Known {
    Plan(Arc<Plan>),
    UnknownId(u32),
    Refused(StopReason),
    /// Asked for; not answered yet.
    Awaited,
}
