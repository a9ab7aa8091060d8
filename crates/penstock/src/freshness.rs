//! The sink's freshness histogram in, quantiles out.

use serde::Serialize;

/// Name of the sink's histogram.
const BUCKETS: &str = "penstock_sink_freshness_seconds_bucket{";

/// Rows by freshness, at one moment, since the sink's process started.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Histogram {
    /// Upper bound in seconds, and rows at or below it, ascending.
    buckets: Vec<(f64, f64)>,
}

/// Quantiles of freshness in milliseconds: time of a row's confirmation by ClickHouse minus its
/// record's Kafka timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

impl Histogram {
    /// Reads it from what the sink serves at `/metrics`.
    pub(crate) fn parse(metrics: &str) -> Self {
        let lines = metrics.lines().filter(|line| line.starts_with(BUCKETS));
        let buckets = lines.filter_map(|line| {
            let (labels, rows) = line.rsplit_once(' ')?;
            let (_, bound) = labels.split_once("le=\"")?;
            let (bound, _) = bound.split_once('"')?;
            Some((bound.parse().ok()?, rows.parse().ok()?))
        });
        let mut buckets: Vec<(f64, f64)> = buckets.collect();
        buckets.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        Self { buckets }
    }

    /// What was added since `earlier`. A sink that was restarted meanwhile counts from zero.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let restarted = self.rows() < earlier.rows() || earlier.buckets.len() != self.buckets.len();
        if restarted {
            return self.clone();
        }
        let pairs = self.buckets.iter().zip(&earlier.buckets);
        let buckets = pairs.map(|((bound, now), (_, before))| (*bound, now - before)).collect();
        Self { buckets }
    }

    /// Rows counted.
    pub(crate) fn rows(&self) -> f64 {
        self.buckets.last().map_or(0.0, |(_, rows)| *rows)
    }

    /// `None` when no row was counted.
    pub(crate) fn quantiles(&self) -> Option<Quantiles> {
        Some(Quantiles {
            p50: self.quantile_ms(0.50)?,
            p95: self.quantile_ms(0.95)?,
            p99: self.quantile_ms(0.99)?,
        })
    }

    /// Interpolates inside the bucket in which the quantile is.
    fn quantile_ms(&self, share: f64) -> Option<f64> {
        let wanted = self.rows() * share;
        if wanted <= 0.0 {
            return None;
        }
        let (mut lower, mut below) = (0.0, 0.0);
        for (bound, rows) in &self.buckets {
            if *rows >= wanted {
                let inside = (wanted - below) / (rows - below);
                let seconds =
                    if bound.is_finite() { lower + (bound - lower) * inside } else { lower };
                return Some((seconds * 10_000.0).round() / 10.0);
            }
            (lower, below) = (*bound, *rows);
        }
        None
    }
}

#[cfg(test)]
mod tests;
