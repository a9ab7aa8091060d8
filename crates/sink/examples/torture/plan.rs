//! What a run must reach in, what to do next and what has been done out.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rand::{Rng as _, rngs::SmallRng, seq::IndexedRandom as _};

use tokio::time;

use crate::{
    disrupt::Lane,
    kind::{Kind, Sign},
};

/// How much longer a lane pauses that has reached all it has to.
const REST_TIMES: u64 = 5;
/// How often it looks whether the others have, too.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The size of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Name of its pipeline, topic and folder of logs.
    pub(crate) name: &'static str,
    /// Whether the sinks record what they are about to insert.
    pub(crate) intents: bool,
    /// Least events produced.
    pub(crate) events: u64,
    /// Events per second.
    pub(crate) rate: u32,
    /// Least disruptions of each kind that have bitten; half of that for each of the two ways to
    /// cut connections.
    pub(crate) each: u64,
    /// The kinds that count.
    pub(crate) kinds: &'static [Kind],
    /// Pause between two disruptions of a lane, in milliseconds, from and to.
    pub(crate) pause_ms: (u64, u64),
    /// Longest time for all of that.
    pub(crate) time_max: Duration,
}

impl Form {
    /// The target table, in the database `shop`.
    pub(crate) fn table(&self) -> String {
        self.name.replace('-', "_")
    }
}

/// How far a run has come.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) form: Form,
    pub(crate) started: Instant,
    pub(crate) produced: AtomicU64,
    tally: Mutex<BTreeMap<Kind, Tally>>,
}

/// What was done of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// All.
    pub(crate) done: u64,
    /// Those that have bitten, by the sign that each of them claimed.
    pub(crate) bitten: BTreeMap<Sign, u64>,
}

impl Tally {
    /// Disruptions that have bitten.
    pub(crate) fn bites(&self) -> u64 {
        self.bitten.values().sum()
    }
}

impl Plan {
    pub(crate) fn new(form: Form) -> Self {
        Self { form, started: Instant::now(), produced: AtomicU64::new(0), tally: Mutex::default() }
    }

    /// Whether all has been reached, or will not be in time.
    pub(crate) fn over(&self) -> bool {
        let enough = self.produced.load(Ordering::Relaxed) >= self.form.events;
        let reached = enough && self.lacking(self.form.kinds).is_empty();
        reached || self.started.elapsed() > self.form.time_max
    }

    /// What has not been reached.
    pub(crate) fn problems(&self) -> Vec<String> {
        let lacking = self.lacking(self.form.kinds).into_iter();
        lacking.map(|kind| format!("{} has bitten too seldom", kind.short())).collect()
    }

    /// The next kind for a lane of `kinds`: one that is lacking, or else any.
    pub(crate) fn next(&self, kinds: &[Kind], random: &mut SmallRng) -> Option<Kind> {
        let wanted: Vec<Kind> =
            kinds.iter().filter(|kind| self.form.kinds.contains(kind)).copied().collect();
        let lacking = self.lacking(&wanted);
        let choice = if lacking.is_empty() { &wanted } else { &lacking };
        choice.choose(random).copied()
    }

    /// Waits before the next one; long when there is nothing left to reach, so that the other lanes
    /// get on, and no longer than until the end.
    pub(crate) async fn pause(&self, lane: &Lane, random: &mut SmallRng) {
        let (from, to) = self.form.pause_ms;
        let rest = if self.lacking(lane.kinds).is_empty() { REST_TIMES } else { 1 };
        let times = lane.pauses * rest;
        let until = Instant::now() + Duration::from_millis(random.random_range(from..=to) * times);
        while Instant::now() < until && !self.over() {
            time::sleep(LOOK_EVERY).await;
        }
    }

    pub(crate) fn done(&self, kind: Kind, sign: Option<Sign>) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = tally.entry(kind).or_default();
        tally.done += 1;
        if let Some(sign) = sign {
            *tally.bitten.entry(sign).or_default() += 1;
        }
    }

    pub(crate) fn tally(&self) -> BTreeMap<Kind, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bites by kind, in one line.
    pub(crate) fn line(&self) -> String {
        let tally = self.tally();
        let of = |kind: &Kind| tally.get(kind).map_or((0, 0), |tally| (tally.bites(), tally.done));
        let kinds = self.form.kinds.iter().map(|kind| {
            let (bites, done) = of(kind);
            format!("{} {bites}/{done}", kind.short())
        });
        kinds.collect::<Vec<_>>().join(", ")
    }

    fn lacking(&self, kinds: &[Kind]) -> Vec<Kind> {
        let tally = self.tally();
        let lacks = |kind: &Kind| {
            let wanted = if kind.is_cut() { self.form.each.div_ceil(2) } else { self.form.each };
            // Without intents the doubled rows at the end are the sign, the only one needed.
            let counted = if self.form.intents { Tally::bites } else { |tally: &Tally| tally.done };
            tally.get(kind).map_or(0, counted) < wanted
        };
        let counted = |kind: &&Kind| self.form.kinds.contains(kind);
        kinds.iter().filter(counted).filter(|kind| lacks(kind)).copied().collect()
    }
}
