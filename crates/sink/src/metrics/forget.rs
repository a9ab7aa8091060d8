//! A pipeline that is gone in, its series removed from every metric out.

use std::collections::HashMap;

use prometheus::core::{Collector as _, MetricVec, MetricVecBuilder};

use super::{Metrics, PipelineMetrics};

impl Metrics {
    /// Shows nothing of a pipeline any more: this process has nothing to do with it. Should it come
    /// back, it begins with zeros.
    pub fn forget(&self, gone: &PipelineMetrics) {
        let name = &gone.pipeline;
        for counters in [
            &self.rows,
            &self.bytes,
            &self.insert_retries,
            &self.dead_letters,
            &self.skipped,
            &self.waits,
        ] {
            remove(counters, name);
        }
        for histograms in [&self.insert_seconds, &self.freshness_seconds, &self.commit_seconds] {
            remove(histograms, name);
        }
        for gauges in [&self.assigned, &self.stopped] {
            remove(gauges, name);
        }
        self.progress.forget(name);
        self.protocol.forget(name);
    }
}

/// Removes every series of a pipeline, whatever its other labels.
pub(super) fn remove<T: MetricVecBuilder>(from: &MetricVec<T>, pipeline: &str) {
    for family in from.collect() {
        for series in family.get_metric() {
            let labels = series.get_label().iter();
            let labels: HashMap<_, _> = labels.map(|one| (one.name(), one.value())).collect();
            if labels.get("pipeline") == Some(&pipeline) {
                // It is there: only who keeps the pipeline removes it.
                drop(from.remove(&labels));
            }
        }
    }
}

#[cfg(test)]
mod tests;
