use super::*;

#[test]
fn a_rate_is_per_second_and_never_negative() {
    let two = Duration::from_secs(2);
    assert_eq!(per_second(100, 300, two), 100.0);
    assert_eq!(per_second(300, 100, two), 0.0);
}

#[test]
fn a_topic_without_its_oldest_records_holds_fewer() {
    let spans = [(0, 0, 3), (1, 5, 9)].map(|(partition, low, high)| Span { partition, low, high });
    assert_eq!(records(&spans), 7);
}
