use super::metrics_table;

#[test]
fn a_table_has_a_row_for_each_metric() {
    let served = "# HELP b_seconds How long\n# TYPE b_seconds histogram\n\
        b_seconds_bucket{pipeline=\"a,b\",le=\"0.1\"} 1\nb_seconds_bucket{pipeline=\"p\",le=\"+Inf\"} 1\n\
        b_seconds_sum{pipeline=\"p\"} 1\nb_seconds_count{pipeline=\"p\"} 1\n\
        # HELP a_total Things counted\n# TYPE a_total counter\n\
        a_total{pipeline=\"p\",reason=\"r\"} 3\n\
        # HELP c One number\n# TYPE c gauge\nc 0\n";
    assert_eq!(
        metrics_table(served),
        "| metric | type | labels | what |\n|---|---|---|---|\n\
         | `a_total` | counter | `pipeline`, `reason` | Things counted |\n\
         | `b_seconds` | histogram | `pipeline` | How long |\n\
         | `c` | gauge |  | One number |\n"
    );
}
