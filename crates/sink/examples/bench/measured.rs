//! What was measured in, medians and ratios out.

use serde::{Deserialize, Serialize};

/// One measurement of one round.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Seconds by the clock.
    pub(crate) wall_s: f64,
    /// CPU seconds of the process that is measured, since its start.
    pub(crate) process_cpu_s: Option<f64>,
    /// CPU seconds of ClickHouse within `wall_s`.
    pub(crate) clickhouse_cpu_s: Option<f64>,
    /// The same, until its merges were done as well.
    pub(crate) clickhouse_merged_cpu_s: Option<f64>,
    /// Peak of resident memory of the process.
    pub(crate) rss_bytes: Option<u64>,
    /// Inserts that it took.
    pub(crate) inserts: Option<u64>,
    /// Seconds from the start of the process until it was given its partitions; not in `wall_s`.
    pub(crate) start_s: Option<f64>,
}

/// One round: every measurement with the same events.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Round {
    pub(crate) producer: Measured,
    pub(crate) discard: Measured,
    pub(crate) insert: Measured,
    pub(crate) sink: Measured,
    /// The same sink, built to insert without announcing first.
    pub(crate) without_intents: Measured,
}

/// The sink against the floors of the same round.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Ratios {
    /// Rows per second of the sink over records per second of poll and discard.
    pub(crate) speed_over_discard: f64,
    /// CPU of sink and ClickHouse over that of both floors.
    pub(crate) cpu_over_floors: f64,
    /// The same with the merges that follow.
    pub(crate) merged_cpu_over_floors: f64,
    /// Rows per second of the sink over those of the one without intents: what exactly-once
    /// leaves of the speed.
    pub(crate) speed_over_without_intents: f64,
}

impl Measured {
    /// CPU seconds of the process and of ClickHouse, as far as they count here.
    pub(crate) fn cpu_s(&self) -> f64 {
        self.process_cpu_s.unwrap_or(0.0) + self.clickhouse_cpu_s.unwrap_or(0.0)
    }

    fn merged_cpu_s(&self) -> f64 {
        self.process_cpu_s.unwrap_or(0.0) + self.clickhouse_merged_cpu_s.unwrap_or(0.0)
    }

    /// The median of each number by itself.
    pub(crate) fn median(all: &[&Self]) -> Self {
        let seconds = |number: fn(&Self) -> Option<f64>| {
            median(all.iter().filter_map(|measured| number(measured)).collect())
        };
        let count = |number: fn(&Self) -> Option<u64>| {
            let mut found: Vec<_> = all.iter().filter_map(|measured| number(measured)).collect();
            found.sort_unstable();
            found.get(found.len() / 2).copied()
        };
        Self {
            wall_s: seconds(|one| Some(one.wall_s)).unwrap_or_default(),
            process_cpu_s: seconds(|one| one.process_cpu_s),
            clickhouse_cpu_s: seconds(|one| one.clickhouse_cpu_s),
            clickhouse_merged_cpu_s: seconds(|one| one.clickhouse_merged_cpu_s),
            rss_bytes: count(|one| one.rss_bytes),
            inserts: count(|one| one.inserts),
            start_s: seconds(|one| one.start_s),
        }
    }
}

impl Round {
    fn ratios(&self) -> Ratios {
        let Self { discard, insert, sink, without_intents, producer: _ } = self;
        Ratios {
            speed_over_discard: discard.wall_s / sink.wall_s,
            cpu_over_floors: sink.cpu_s() / (discard.cpu_s() + insert.cpu_s()),
            merged_cpu_over_floors: sink.merged_cpu_s()
                / (discard.merged_cpu_s() + insert.merged_cpu_s()),
            speed_over_without_intents: without_intents.wall_s / sink.wall_s,
        }
    }
}

impl Ratios {
    /// Medians of the ratios of each round: what slows a machine down for a while slows both
    /// sides of a ratio.
    pub(crate) fn median(rounds: &[Round]) -> Self {
        let of = |ratio: fn(Ratios) -> f64| {
            let all = rounds.iter().map(|round| ratio(round.ratios())).collect();
            median(all).unwrap_or(f64::NAN)
        };
        Self {
            speed_over_discard: of(|ratios| ratios.speed_over_discard),
            cpu_over_floors: of(|ratios| ratios.cpu_over_floors),
            merged_cpu_over_floors: of(|ratios| ratios.merged_cpu_over_floors),
            speed_over_without_intents: of(|ratios| ratios.speed_over_without_intents),
        }
    }
}

/// The middle one; of an even number the mean of the two in the middle.
fn median(mut all: Vec<f64>) -> Option<f64> {
    all.sort_unstable_by(f64::total_cmp);
    let middle = all.len() / 2;
    let upper = *all.get(middle)?;
    Some(if all.len() % 2 == 1 { upper } else { f64::midpoint(*all.get(middle - 1)?, upper) })
}
