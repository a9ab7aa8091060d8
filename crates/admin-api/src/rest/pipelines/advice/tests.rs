use super::*;

#[test]
fn every_reason_has_an_answer_of_its_own() {
    let reasons = [
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
    for reason in reasons {
        assert_ne!(advice(reason), advice("something else"), "{reason}");
    }
}
