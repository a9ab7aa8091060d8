use super::*;

fn metrics(rows: [u32; 4]) -> String {
    let [a, b, c, d] = rows;
    format!(
        "# TYPE penstock_sink_freshness_seconds histogram\n\
         penstock_sink_freshness_seconds_bucket{{pipeline=\"sales\",le=\"0.1\"}} {a}\n\
         penstock_sink_freshness_seconds_bucket{{pipeline=\"sales\",le=\"0.2\"}} {b}\n\
         penstock_sink_freshness_seconds_bucket{{pipeline=\"sales\",le=\"0.4\"}} {c}\n\
         penstock_sink_freshness_seconds_bucket{{pipeline=\"sales\",le=\"+Inf\"}} {d}\n\
         penstock_sink_freshness_seconds_sum{{pipeline=\"sales\"}} 12.5\n"
    )
}

#[test]
fn quantiles_are_interpolated() {
    let histogram = Histogram::parse(&metrics([0, 90, 100, 100]));
    let quantiles = histogram.quantiles().unwrap();
    assert_eq!(quantiles, Quantiles { p50: 155.6, p95: 300.0, p99: 380.0 });
}

#[test]
fn only_what_came_since_counts() {
    let before = Histogram::parse(&metrics([50, 50, 50, 50]));
    let now = Histogram::parse(&metrics([50, 50, 150, 150]));
    assert_eq!(now.since(&before).quantiles().unwrap().p50, 300.0);
    assert_eq!(before.since(&before).quantiles(), None);
    assert_eq!(before.since(&now), before, "a restarted sink counts from zero");
}
