use rdkafka::ClientConfig;

use super::{GUARANTEE, OWNED, Property, check, client, producer};
use crate::Config;

fn with(key: &str, value: &str) -> Config {
    let mut config = Config::defaults().unwrap();
    config.kafka.properties.insert(key.to_owned(), Property::Text(value.to_owned()));
    config
}

#[test]
fn keys_of_the_guarantee_are_refused_with_the_reason_and_without_the_value() {
    for (key, reason) in OWNED {
        let error = check(&with(key, "hunter2").kafka.properties).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains(reason), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let error = check(&with("acks", "1").kafka.properties).unwrap_err().to_string();
    assert_eq!(error, format!("kafka.properties must not set acks: {GUARANTEE}"));
}

#[test]
fn other_keys_pass_and_ours_win() {
    let config = with("security.protocol", "sasl_ssl");
    check(&config.kafka.properties).unwrap();
    let made = producer(&config.kafka);
    for (key, value) in [
        ("security.protocol", "sasl_ssl"),
        ("linger.ms", "5"),
        ("acks", "all"),
        ("enable.idempotence", "true"),
        ("client.id", "penstock-producer"),
    ] {
        assert_eq!(made.get(key), Some(value), "{key}");
    }
    let made = client(&with("client.id", "mine").kafka);
    assert_eq!(made.get("client.id"), Some("mine"));
}

#[test]
fn the_defaults_are_keys_that_librdkafka_knows() {
    let made: ClientConfig = producer(&Config::defaults().unwrap().kafka);
    made.create_native_config().expect("every key and value is accepted");
}
