use super::*;

#[test]
fn the_window_is_read_from_the_tables_own_settings() {
    let engine = "MergeTree PARTITION BY id % 200 ORDER BY id SETTINGS ";
    for (settings, expected) in [
        ("non_replicated_deduplication_window = 1000, index_granularity = 8192", Some(1000)),
        ("index_granularity = 8192, non_replicated_deduplication_window = 7", Some(7)),
        ("index_granularity = 8192", None),
        ("replicated_deduplication_window = 5", None),
        ("non_replicated_deduplication_window = x", None),
    ] {
        assert_eq!(window(&format!("{engine}{settings}")), expected, "{settings}");
    }
    assert_eq!(window("MergeTree ORDER BY id"), None);
    assert_eq!(window(""), None);
}
