use prometheus::{Registry, TextEncoder};
use target::{InsertError, ServerError};

use super::super::Metrics;

fn shown(registry: &Registry, series: &str) -> String {
    let text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    line.unwrap_or("no such series").trim().to_owned()
}

#[test]
fn workers_of_a_pipeline_add_up_their_lag() {
    let registry = Registry::new();
    let metrics = Metrics::register(&registry).unwrap();
    let pipeline = metrics.pipeline("p");
    let lag = || shown(&registry, "penstock_sink_lag_records{pipeline=\"p\"}");
    let (one, two) = (pipeline.lag_share(), pipeline.lag_share());
    one.set(100);
    two.set(7);
    assert_eq!(lag(), "107");
    one.set(40);
    assert_eq!(lag(), "47");
    drop(one); // its consumer is gone: somebody else has its partitions
    assert_eq!(lag(), "7");
    drop(two);
    assert_eq!(lag(), "0");
}

#[test]
fn every_failed_attempt_is_counted_under_its_class() {
    let registry = Registry::new();
    let metrics = Metrics::register(&registry).unwrap();
    let pipeline = metrics.pipeline("p");
    let refused = |code, name: &str| InsertError::Refused {
        table: "shop.sales".to_owned(),
        rows: 1,
        error: ServerError { code, name: name.to_owned(), text: String::new(), view: None },
    };
    pipeline.insert_delayed("token", &InsertError::NoAnswer { timeout_ms: 1 }, 1);
    pipeline.insert_delayed("token", &InsertError::Unreachable(String::new()), 1);
    pipeline.insert_delayed("token", &refused(252, "TOO_MANY_PARTS"), 1);
    pipeline.insert_delayed("token", &refused(516, "AUTHENTICATION_FAILED"), 1);
    pipeline.insert_delayed("token", &refused(60, "UNKNOWN_TABLE"), 1);
    pipeline.insert_refused("token", &refused(9_999, "NEVER_SEEN"));
    for class in ["no-answer", "unreachable", "busy", "person", "table-changed", "refused"] {
        let series =
            format!("penstock_sink_insert_errors_total{{class=\"{class}\",pipeline=\"p\"}}");
        assert_eq!(shown(&registry, &series), "1", "{class}");
    }
    assert_eq!(shown(&registry, "penstock_sink_insert_retries_total{pipeline=\"p\"}"), "5");
}

#[test]
fn progress_has_a_time() {
    let registry = Registry::new();
    let metrics = Metrics::register(&registry).unwrap();
    let pipeline = metrics.pipeline("p");
    let at = |what: &str| {
        let series = format!("penstock_sink_last_{what}_timestamp_seconds{{pipeline=\"p\"}}");
        shown(&registry, &series).parse::<u64>().unwrap()
    };
    assert_eq!((at("insert"), at("commit")), (0, 0));
    pipeline.batch_inserted("t", 1, std::time::Duration::ZERO, &Default::default(), 1_800_000_500);
    pipeline.committed(std::time::Duration::ZERO);
    assert_eq!(at("insert"), 1_800_000);
    assert!(at("commit") > 1_700_000_000, "since 1970, in seconds");
}
