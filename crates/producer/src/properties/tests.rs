use super::{GUARANTEE, OWNED, check, client, producer};
use crate::Config;

fn with(key: &str, value: &str) -> Config {
    let mut config = Config::defaults().unwrap();
    config.kafka.properties.insert(key.to_owned(), value.to_owned());
    config
}

#[test]
fn keys_of_the_guarantee_are_refused_with_the_reason_and_without_the_value() {
    for (key, reason) in OWNED {
        let error = check(&with(key, "hunter2")).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains(reason), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let error = check(&with("acks", "1")).unwrap_err().to_string();
    assert_eq!(error, format!("kafka.properties must not set acks: {GUARANTEE}"));
}

#[test]
fn other_keys_pass_and_ours_win() {
    let config = with("security.protocol", "sasl_ssl");
    check(&config).unwrap();
    let made = producer(&config);
    for (key, value) in [
        ("security.protocol", "sasl_ssl"),
        ("linger.ms", "5"),
        ("acks", "all"),
        ("enable.idempotence", "true"),
        ("client.id", "penstock-producer"),
    ] {
        assert_eq!(made.get(key), Some(value), "{key}");
    }
    let made = client(&with("client.id", "mine"));
    assert_eq!(made.get("client.id"), Some("mine"));
}

#[test]
fn a_secret_and_a_typing_error_are_refused_by_name() {
    let error = check(&with("sasl.password", "hunter2")).unwrap_err().to_string();
    assert!(error.contains("PRODUCER_KAFKA_SASL_PASSWORD") && !error.contains("hunter2"));
    let error = format!("{:#}", check(&with("linger.mss", "5")).unwrap_err());
    assert!(error.contains("kafka.properties") && error.contains("linger.mss"), "{error}");
}

#[test]
fn the_defaults_are_keys_that_librdkafka_knows() {
    let made = producer(&Config::defaults().unwrap());
    made.create_native_config().expect("every key and value is accepted");
}
