use std::time::Duration;

use deliver::{StopReason, TopicPartition};
use prometheus::{Registry, TextEncoder};

use super::super::{Metrics, PipelineMetrics, Skipped};

fn shown(registry: &Registry, pipeline: &str) -> Vec<String> {
    let text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    let label = format!("pipeline=\"{pipeline}\"");
    text.lines().filter(|line| line.contains(&label)).map(str::to_owned).collect()
}

fn busy(metrics: &Metrics, name: &str) -> PipelineMetrics {
    let one = metrics.pipeline(name);
    one.dead_letter("bad-record");
    one.skipped(Skipped::NullValue);
    one.stopped(&TopicPartition::new("t", 0), StopReason::BadRecord);
    one.worker_restarts("reset", "", Duration::ZERO);
    one.committed(Duration::from_millis(1));
    one
}

#[test]
fn nothing_is_shown_of_what_is_gone_and_the_rest_stays() {
    let registry = Registry::new();
    let metrics = Metrics::register(&registry).unwrap();
    let (gone, _stays) = (busy(&metrics, "a"), busy(&metrics, "ab"));
    let before = shown(&registry, "ab");
    assert_eq!(shown(&registry, "a").len(), before.len());
    assert!(before.len() > 100, "{before:?}");

    metrics.forget(&gone);
    assert_eq!(shown(&registry, "a"), Vec::<String>::new());
    assert_eq!(shown(&registry, "ab"), before);

    let _back = metrics.pipeline("a");
    let back = shown(&registry, "a");
    assert!(!back.is_empty() && back.iter().all(|line| line.ends_with(" 0")), "{back:?}");
}
