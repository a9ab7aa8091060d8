use super::*;

#[test]
fn the_folder_says_how_a_file_is_looked_at() {
    let of = |name: &str| kind(&format!("observability/prometheus/{name}"));
    assert_eq!(of("prometheus.yaml"), Some(Kind::Config));
    assert_eq!(of("alerts/sink.yaml"), Some(Kind::Rules));
    assert_eq!(of("tests/sink.yaml"), Some(Kind::Tests));
    assert_eq!(of("alerts/README.md"), None);
    assert_eq!(of("notes/a.yaml"), None);
    assert!(!is_prometheus("observability/grafana/dashboards/a.yaml"));
}
