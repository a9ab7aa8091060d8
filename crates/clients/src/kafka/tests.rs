use figment::{
    Figment,
    providers::{Format, Toml},
};

use super::*;

const SERVICE: Service = Service {
    variables: "MILL",
    client_id: "penstock-mill",
    owned: &[("acks", "all of them count")],
};

fn kafka(lines: &str) -> Result<Kafka, String> {
    let text = format!("brokers = 'a:1'\n[properties]\n{lines}\n");
    Figment::from(Toml::string(&text)).extract().map_err(|error| error.to_string())
}

fn with<T>(lines: &str, act: impl FnOnce(&Connection<'_>) -> T) -> T {
    let (kafka, secrets) = (kafka(lines).unwrap(), Secrets::default());
    act(&kafka.connection(&SERVICE, &secrets))
}

fn refused(line: &str) -> String {
    let error = with(line, |connection| connection.check().unwrap_err()).to_string();
    assert!(!error.contains("hunter2"), "{error}");
    error
}

#[test]
fn what_the_service_owns_is_refused_with_the_reason() {
    assert_eq!(
        refused("acks = 'hunter2'"),
        "kafka.properties: acks cannot be set: all of them count"
    );
}

#[test]
fn every_secret_is_refused_with_the_place_where_it_belongs() {
    for (key, place) in [
        ("sasl.password", "MILL_KAFKA_SASL_PASSWORD"),
        ("ssl.key.password", "MILL_KAFKA_SSL_KEY_PASSWORD"),
        ("ssl.key.pem", "a file named by ssl.key.location"),
        ("ssl_key", "a file named by ssl.key.location"),
        ("ssl.keystore.password", "a PEM file named by ssl.key.location"),
        ("sasl.oauthbearer.client.secret", "not supported yet"),
    ] {
        let error = refused(&format!("'{key}' = 'hunter2'"));
        let said = format!("kafka.properties: {key} is a secret and belongs into ");
        assert!(error.starts_with(&said) && error.ends_with(place), "{error}");
    }
}

#[test]
fn what_librdkafka_does_not_know_is_refused_by_name() {
    for line in ["'fetch.min.byts' = 1", "'fetch.min.bytes' = 'many'"] {
        let error = with(line, |connection| connection.check().unwrap_err());
        let text = format!("{error:#}");
        assert!(text.starts_with("kafka.properties: ") && text.contains("fetch.min.byt"), "{text}");
    }
}

#[test]
fn values_need_no_quotes() {
    let lines = "'linger.ms' = 5\n'socket.keepalive.enable' = false\n'client.id' = 'mine'";
    with(lines, |connection| {
        connection.check().unwrap();
        let client = connection.client();
        for (key, value) in [
            ("bootstrap.servers", "a:1"),
            ("client.id", "mine"),
            ("linger.ms", "5"),
            ("socket.keepalive.enable", "false"),
        ] {
            assert_eq!(client.get(key), Some(value), "{key}");
        }
    });
    let error = kafka("'linger.ms' = [5]").unwrap_err();
    assert!(error.contains("a whole number") && error.contains("linger.ms"), "{error}");
}

#[test]
fn secrets_reach_librdkafka_and_nobody_else() {
    let secret = |text| Some(SecretString::from(text));
    let secrets = Secrets { sasl_password: secret("hunter1"), ssl_key_password: secret("hunter2") };
    let kafka = kafka("").unwrap();
    let connection = kafka.connection(&SERVICE, &secrets);
    assert!(!format!("{connection:?}").contains("hunter"));
    let client = connection.client();
    assert_eq!(client.get("client.id"), Some("penstock-mill"));
    assert_eq!(client.get("sasl.password"), Some("hunter1"));
    assert_eq!(client.get("ssl.key.password"), Some("hunter2"));
}
