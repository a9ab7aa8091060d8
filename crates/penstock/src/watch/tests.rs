use super::*;

#[test]
fn only_our_own_pipeline_counts_as_stopped() {
    let metrics = "# TYPE penstock_sink_stopped_partitions gauge\n\
        penstock_sink_stopped_partitions{pipeline=\"mine\",reason=\"schema-mismatch\"} 4\n\
        penstock_sink_stopped_partitions{pipeline=\"sales\",reason=\"offsets-lost\"} 1\n\
        penstock_sink_stopped_partitions{pipeline=\"sales\",reason=\"bad-record\"} 0\n\
        penstock_sink_partitions{pipeline=\"sales\"} 4\n";
    assert_eq!(stopped(metrics), ["offsets-lost"]);
}
