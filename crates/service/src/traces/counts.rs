//! What becomes of spans in, one counter out.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

/// By outcome. Only registered when traces are sent.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    /// The collector took them.
    pub(super) sent: IntCounter,
    /// The collector did not take them, or not in time.
    pub(super) failed: IntCounter,
    /// The queue was full.
    pub(super) dropped: IntCounter,
}

impl Counts {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let spans = IntCounterVec::new(
            Opts::new("penstock_trace_spans_total", "Spans of traces, by what became of them"),
            &["outcome"],
        )?;
        registry.register(Box::new(spans.clone()))?;
        let of = |outcome: &str| spans.with_label_values(&[outcome]);
        Ok(Self { sent: of("sent"), failed: of("failed"), dropped: of("dropped") })
    }
}
