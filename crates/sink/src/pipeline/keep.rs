//! What is stored about one pipeline in; it started, steered and drained accordingly, and its
//! status told, out.

use std::{collections::BTreeMap, pin::pin, sync::Arc, time::Duration};

use deliver::{Offset, TopicPartition};
use pipeline_spec::{
    Pipeline, State,
    status::RunState,
    store::{PartitionOffset, Stored},
};
use tokio::{
    sync::watch,
    time::{self, Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use super::{
    Shared, follow,
    one::{self, Fault, Job},
};
use crate::{
    board::Board,
    metrics::PipelineMetrics,
    mirrors::Mirrors,
    orders::{Orders, Reset, RowRules},
    status::{Reporter, Reports, Stage},
    worker::Stop,
};

/// How often the status is told.
const REPORT_EVERY: Duration = Duration::from_secs(2);

/// How long a pipeline that could not be started rests before it is tried again as it is.
const REST: Duration = Duration::from_secs(30);

/// What a pipeline is to be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) stored: Arc<Stored>,
    /// Rules of all its documents, the present one among them, by revision.
    pub(super) documents: Arc<BTreeMap<u64, RowRules>>,
    /// How many of them are older ones.
    pub(super) older: usize,
    /// Among how many workers of the process buffers are divided.
    pub(super) shares: usize,
    /// Why what is stored now cannot be read; the rest is as it was read last.
    pub(super) unreadable: Option<String>,
}

/// Has to do with one pipeline from its first sight until it is gone.
pub(super) struct Keeper {
    shared: Shared,
    wanted: watch::Receiver<Option<Wanted>>,
    metrics: PipelineMetrics,
    board: Arc<Board>,
    reporter: Reporter,
    reports: Arc<Reports>,
}

/// How a run came to its end.
enum Next {
    /// What is wanted decides.
    Again,
    /// It could not be run.
    Failed(String),
}

impl Keeper {
    pub(super) fn new(
        shared: Shared,
        name: &str,
        wanted: watch::Receiver<Option<Wanted>>,
        reports: Arc<Reports>,
    ) -> Self {
        let metrics = shared.metrics.pipeline(name);
        let board = Arc::new(Board::default());
        let reporter = Reporter::new(reports.clone(), name, board.clone(), metrics.clone());
        Self { shared, wanted, metrics, board, reporter, reports }
    }

    /// Keeps the pipeline as it is wanted until it is wanted no more, or `stop`.
    ///
    /// # Errors
    ///
    /// When only a new process can help.
    pub(super) async fn keep(mut self, stop: CancellationToken) -> Result<(), Fault> {
        while !stop.is_cancelled() && self.wanted.has_changed().is_ok() {
            let Some(wanted) = self.wanted.borrow_and_update().clone() else { break };
            if let Next::Failed(why) = self.run(&wanted, &stop).await? {
                tracing::error!(pipeline = wanted.stored.spec.name, error = why, "cannot be run");
                self.rest(&wanted, &Stage::failed("config", why), &stop).await;
            }
        }
        if !stop.is_cancelled() {
            self.shared.metrics.forget(&self.metrics);
        }
        self.reporter.gone();
        Ok(())
    }

    /// Tells of a failure until something else is wanted, it is time to try again, or `stop`.
    /// Documents that are not valid do not come here: the store does not read them.
    async fn rest(&mut self, wanted: &Wanted, stage: &Stage, stop: &CancellationToken) {
        let again = Instant::now() + REST;
        let mut every = reports();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = self.wanted.changed() => return,
                () = time::sleep_until(again) => return,
                _ = every.tick() => self.reporter.report(&wanted.stored, stage),
            }
        }
    }

    /// Runs one document until another is wanted, or `stop`.
    async fn run(&mut self, begun: &Wanted, stop: &CancellationToken) -> Result<Next, Fault> {
        let mut wanted = begun.clone();
        let first = self.orders(begun, &wanted);
        self.metrics.paused(first.paused);
        let (orders, ordered) = watch::channel(first);
        let spec = &begun.stored.spec;
        let job = Job {
            pipeline: Arc::new(spec.clone()),
            replay: Some(spec.replay_topic(&self.shared.config.namespace).into()),
            mirrors: Some(Mirrors::new(self.reports.statuses.clone(), &begun.stored)),
            metrics: self.metrics.clone(),
            board: self.board.clone(),
            orders: ordered,
            shares: begun.shares,
        };
        let ending = Stop::default();
        let mut running = pin!(one::run(self.shared.clone(), job, ending.clone()));
        let mut every = reports();
        let drain_max = Duration::from_millis(self.shared.config.service.drain_ms_max);
        let (mut given_up_at, mut is_draining) = (None, false);
        loop {
            tokio::select! {
                ended = &mut running => {
                    self.metrics.paused(false);
                    return match ended {
                        Ok(()) => Ok(Next::Again),
                        Err(Fault::Settings(error)) => Ok(Next::Failed(format!("{error:#}"))),
                        Err(error) => Err(error),
                    };
                }
                // The process waits for as long as it may by itself.
                () = stop.cancelled(), if !is_draining => {
                    is_draining = true;
                    ending.drain.cancel();
                }
                changed = self.wanted.changed(), if !is_draining => {
                    let now = self.wanted.borrow_and_update().clone().filter(|_| changed.is_ok());
                    match now.filter(|now| begun.goes_on_as(now)) {
                        Some(now) => wanted = now,
                        // An insert that never ends must not keep a change waiting for ever.
                        None => {
                            is_draining = true;
                            given_up_at = Some(Instant::now() + drain_max);
                            ending.drain.cancel();
                        }
                    }
                }
                () = until(given_up_at), if !ending.give_up.is_cancelled() => {
                    ending.give_up.cancel();
                }
                _ = every.tick() => {}
                () = self.board.changed() => {}
            }
            let now = self.orders(begun, &wanted);
            self.metrics.paused(now.paused);
            orders.send_if_modified(|orders| {
                let differs = *orders != now;
                *orders = now;
                differs
            });
            let stage = if is_draining { Stage::stopping() } else { self.stage(&wanted) };
            self.reporter.report(&wanted.stored, &stage);
        }
    }

    /// What the workers are to do.
    fn orders(&self, begun: &Wanted, wanted: &Wanted) -> Orders {
        let spec = &wanted.stored.spec;
        // As they were recorded under what is running: its own rules are known to it.
        let mut others = wanted.documents.clone();
        let own = begun.stored.spec.revision_short();
        if others.contains_key(&own) {
            Arc::make_mut(&mut others).remove(&own);
        }
        Orders {
            paused: spec.state == State::Paused
                || wanted.unreadable.is_some()
                || self.awaits_reset(wanted),
            others,
            follows: true,
            reset: self.reset(wanted).map(Arc::new),
        }
    }

    /// The offsets to set, as far as no owner has set them yet. None until it is known who has.
    fn reset(&self, wanted: &Wanted) -> Option<Reset> {
        let reset = wanted.stored.reset.as_ref()?;
        let statuses = self.reports.statuses.borrow().clone()?;
        let name = &wanted.stored.spec.name;
        let due = reset.offsets.iter().filter(|one| {
            !follow::was_reset(&statuses, name, (&one.topic, one.partition), &reset.id)
        });
        let offsets: Vec<_> = due
            .filter_map(|one| {
                let id = TopicPartition::new(&one.topic, one.partition);
                Some((id, Offset::new(one.offset).ok()?))
            })
            .collect();
        (!offsets.is_empty()).then(|| Reset { id: reset.id.clone(), mark: reset.mark(), offsets })
    }

    /// Whether nothing may move because of offsets that a person has set: some of them are not
    /// set yet, or rows are still to be deleted, with which new ones would go.
    fn awaits_reset(&self, wanted: &Wanted) -> bool {
        let Some(reset) = &wanted.stored.reset else { return false };
        let Some(statuses) = self.reports.statuses.borrow().clone() else { return true };
        let name = &wanted.stored.spec.name;
        let is_set = |one: &PartitionOffset| {
            follow::was_reset(&statuses, name, (&one.topic, one.partition), &reset.id)
        };
        reset.delete_rows || !reset.offsets.iter().all(is_set)
    }

    fn stage(&self, wanted: &Wanted) -> Stage {
        if let Some(why) = &wanted.unreadable {
            return Stage::failed("invalid-spec", why.clone());
        }
        let seats = self.board.seats();
        if let Some(reason) = seats.iter().find_map(|seat| seat.stopped) {
            let stopped = seats.iter().filter(|seat| seat.stopped.is_some()).count();
            let detail = format!("{stopped} of {} partitions here have stopped", seats.len());
            return Stage::failed(reason.as_str(), detail);
        }
        Stage::of(match wanted.stored.spec.state {
            State::Paused => RunState::Paused,
            State::Running if self.board.is_empty() || self.awaits_reset(wanted) => {
                RunState::Starting
            }
            State::Running => RunState::Running,
        })
    }
}

impl Wanted {
    /// Whether what runs as this can go on as `now` without beginning anew.
    fn goes_on_as(&self, now: &Self) -> bool {
        let same = self.stored.restarts == now.stored.restarts
            && without_state(&self.stored.spec) == without_state(&now.stored.spec);
        same && self.shares >= now.shares
    }
}

/// The document without what can change while its workers run.
fn without_state(spec: &Pipeline) -> Pipeline {
    Pipeline { state: State::Running, labels: BTreeMap::new(), ..spec.clone() }
}

fn reports() -> time::Interval {
    let mut every = time::interval(REPORT_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
