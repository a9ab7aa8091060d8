use super::*;

fn refusal(key: &str) -> String {
    let properties = BTreeMap::from([(key.to_owned(), "hunter2".to_owned())]);
    check_properties(&properties).unwrap_err().to_string()
}

#[test]
fn what_the_protocol_owns_is_refused_with_the_reason() {
    let text = refusal("enable.auto.commit");
    assert!(text.contains("enable.auto.commit") && text.contains("after the insert"), "{text}");
}

#[test]
fn a_secret_is_refused_without_showing_it() {
    let text = refusal("sasl.password");
    assert!(text.contains("SINK_KAFKA_SASL_PASSWORD") && !text.contains("hunter2"), "{text}");
}

#[test]
fn everything_else_is_passed_on() {
    let properties = BTreeMap::from([("fetch.min.bytes".to_owned(), "100".to_owned())]);
    check_properties(&properties).unwrap();
}
