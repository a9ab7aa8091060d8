use prometheus::Registry;

use super::Metrics;

#[test]
fn this_is_what_is_exported() {
    let registry = Registry::new();
    let metrics = Metrics::register(&registry).unwrap();
    metrics.settled(960, 8, 1, 1);
    metrics.steered(15, true);
    let seen: Vec<_> = registry
        .gather()
        .iter()
        .map(|family| {
            let metric = &family.get_metric()[0];
            let value = metric.get_counter().get_value() + metric.get_gauge().get_value();
            (family.name().to_owned(), value)
        })
        .collect();
    let expected = [
        ("penstock_producer_events_acknowledged_total", 8.0),
        ("penstock_producer_events_failed_total", 1.0),
        ("penstock_producer_in_flight_events", 1.0),
        ("penstock_producer_paused", 1.0),
        ("penstock_producer_sent_bytes_total", 960.0),
        ("penstock_producer_target_events_per_second", 15.0),
    ];
    assert_eq!(seen, expected.map(|(name, value)| (name.to_owned(), value)));
}
