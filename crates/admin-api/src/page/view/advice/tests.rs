use super::*;

#[test]
fn every_reason_has_words_and_a_way_out_of_its_own() {
    let general = advice("sales", "something new").what;
    let known = [
        "schema-mismatch",
        "bad-record",
        "insert-refused",
        "unknown-metadata",
        "offsets-lost",
        "offset-out-of-range",
        "topic-recreated",
        "range-unprovable",
        "guarantee-missing",
        "invalid-spec",
        "config",
    ];
    for reason in known {
        let advice = advice("sales", reason);
        assert_ne!(advice.what, general, "{reason}");
        assert!(!advice.steps.is_empty(), "{reason}");
    }
}

#[test]
fn links_lead_to_the_pipeline() {
    let advice = advice("sales", "offsets-lost");
    assert_eq!(advice.steps[0].link, Some(("/pipelines/sales/offsets".to_owned(), "Set offsets")));
}
