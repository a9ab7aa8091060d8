//! What sinks report in, the numbers of the last five minutes out.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use pipeline_spec::store::StatusSnapshot;
use tokio::{sync::Semaphore, time};
use tokio_util::sync::CancellationToken;

use crate::state::App;

/// How often the numbers are kept.
const EVERY: Duration = Duration::from_secs(5);
/// How many of each are kept: five minutes.
const KEPT: usize = 60;
/// Most streams of numbers at the same time. Each holds a connection.
const STREAMS_MAX: usize = 64;

/// What the page remembers. Clones share it. Three numbers of four bytes for each pipeline and
/// moment: 720 bytes a pipeline.
#[derive(Clone, Debug)]
pub struct Memory {
    series: Arc<Mutex<BTreeMap<String, Series>>>,
    pub(super) streams: Arc<Semaphore>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { series: Arc::default(), streams: Arc::new(Semaphore::new(STREAMS_MAX)) }
    }
}

/// The last minutes of one pipeline, oldest first; none where nothing was known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Series {
    pub(super) lag: Samples,
    pub(super) rows: Samples,
    pub(super) freshness: Samples,
}

/// Numbers, oldest first. `f32` is exact enough for a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Samples(VecDeque<Option<f32>>);

impl Samples {
    #[expect(clippy::cast_possible_truncation, reason = "drawn with 28 steps")]
    fn push(&mut self, sample: Option<f64>) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(sample.map(|sample| sample as f32));
    }

    /// All of them, with gaps in front for what is not yet known.
    pub(super) fn all(&self) -> Vec<Option<f64>> {
        let gaps = std::iter::repeat_n(None, KEPT.saturating_sub(self.0.len()));
        gaps.chain(self.0.iter().map(|sample| sample.map(f64::from))).collect()
    }
}

impl Memory {
    /// The last minutes of a pipeline.
    pub(super) fn series(&self, name: &str) -> Series {
        let series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        series.get(name).cloned().unwrap_or_default()
    }

    /// Keeps the numbers of now for `names`, and forgets all other pipelines.
    fn sample<'a>(&self, names: impl Iterator<Item = &'a String>, statuses: &StatusSnapshot) {
        let now = Moment::of(statuses);
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = BTreeMap::new();
        for name in names {
            let mut one = series.remove(name).unwrap_or_default();
            let moment = now.get(name.as_str());
            one.lag.push(moment.and_then(|moment| moment.lag));
            one.rows.push(moment.map(|moment| moment.rows));
            one.freshness.push(moment.and_then(|moment| moment.freshness));
            kept.insert(name.clone(), one);
        }
        *series = kept;
    }
}

/// What all sinks of one pipeline report at one time.
#[derive(Default)]
struct Moment {
    lag: Option<f64>,
    rows: f64,
    freshness: Option<f64>,
}

impl Moment {
    #[expect(clippy::cast_precision_loss, reason = "drawn with 28 steps")]
    fn of(statuses: &StatusSnapshot) -> BTreeMap<&str, Self> {
        let mut moments: BTreeMap<&str, Self> = BTreeMap::new();
        for ((name, _), status) in &statuses.instances {
            let moment = moments.entry(name).or_default();
            moment.rows += status.rows_per_s;
            for lag in status.partitions.iter().filter_map(|partition| partition.lag) {
                moment.lag = Some(moment.lag.unwrap_or_default() + lag as f64);
            }
            if let Some(quantiles) = status.freshness_ms {
                let worst = moment.freshness.unwrap_or_default().max(quantiles.p95);
                moment.freshness = Some(worst);
            }
        }
        moments
    }
}

/// Keeps the numbers until `stop`.
pub(crate) async fn remember(app: App, stop: CancellationToken) {
    let mut every = time::interval(EVERY);
    every.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {}
        }
        // Before the first read there is nothing to keep.
        if let Ok(specs) = app.specs() {
            app.page().sample(specs.pipelines.keys(), &app.status());
        }
    }
}

#[cfg(test)]
mod tests;
