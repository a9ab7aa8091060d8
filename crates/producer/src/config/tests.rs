#![expect(clippy::result_large_err, reason = "the signature of figment::Jail")]

use clap::Parser;
use figment::Jail;
use registry_client::Auth;
use secrecy::ExposeSecret;

use super::{Args, Config, is_topic};

fn load(line: &str) -> anyhow::Result<Config> {
    Config::load(&Args::parse_from(line.split_whitespace()))
}

/// Loads with these variables and returns the whole chain of errors.
#[track_caller]
fn refused(variables: &[(&str, &str)]) -> String {
    let mut text = String::new();
    Jail::expect_with(|jail| {
        for (name, value) in variables {
            jail.set_env(name, value);
        }
        text = format!("{:#}", load("producer").expect_err("refused"));
        Ok(())
    });
    text
}

#[test]
fn it_tells_which_build_it_is() {
    let command = <Args as clap::CommandFactory>::command();
    assert_eq!(command.get_version(), Some(service::build::version()));
}

#[test]
fn the_defaults_load_alone_and_are_those_for_embedding() {
    Jail::expect_with(|_| {
        let loaded = load("producer").expect("defaults are valid");
        let built_in = Config::defaults().expect("defaults are valid");
        built_in.check().expect("defaults are consistent");
        assert_eq!(format!("{loaded:?}"), format!("{built_in:?}"));
        assert_eq!(loaded.workload.rate_per_sec, 15);
        Ok(())
    });
}

#[test]
fn a_variable_beats_the_file_and_the_file_beats_the_defaults() {
    Jail::expect_with(|jail| {
        jail.create_file("p.toml", "[workload]\nrate_per_sec = 5\nevents = 7\n")?;
        jail.set_env("PRODUCER__WORKLOAD__RATE_PER_SEC", "9");
        jail.set_env("PRODUCER_PORT", "tcp://10.0.0.1:80"); // from Kubernetes, not ours
        let config = load("producer --config p.toml").unwrap();
        assert_eq!((config.workload.rate_per_sec, config.workload.events), (9, 7));
        Ok(())
    });
}

#[test]
fn properties_are_added_to_the_default_ones() {
    Jail::expect_with(|jail| {
        let text = "[kafka.properties]\n\"linger.ms\" = 50\n\"security.protocol\" = \"ssl\"\n";
        jail.create_file("p.toml", text)?;
        let properties = load("producer --config p.toml").unwrap().kafka.properties;
        assert_eq!(properties["linger.ms"].to_string(), "50");
        assert_eq!(properties["security.protocol"].to_string(), "ssl");
        assert_eq!(properties["compression.type"].to_string(), "lz4");
        Ok(())
    });
}

#[test]
fn mistakes_name_their_key() {
    for (variable, value, named) in [
        ("PRODUCER__WORKLOAD__RATE", "9", "rate"),
        ("PRODUCER__WORKLOAD__NAME", "payroll", "payroll"),
        ("PRODUCER__KAFKA__PARTITIONS", "0", "partitions"),
        ("PRODUCER__KAFKA__REPLICATION", "0", "kafka.replication"),
        ("PRODUCER__KAFKA__TOPIC", "a b", "kafka.topic"),
        ("PRODUCER__KAFKA__BROKERS", "\"\"", "kafka.brokers"),
        ("PRODUCER__WORKLOAD__FIRST_TS_MS", "-1", "first_ts_ms"),
        ("PRODUCER__REGISTRY__USER", "me", "PRODUCER_REGISTRY_PASSWORD"),
    ] {
        let error = refused(&[(variable, value)]);
        // Figment names the keys of variables in capitals.
        assert!(error.to_lowercase().contains(&named.to_lowercase()), "{variable}: {error}");
    }
}

#[test]
fn a_secret_has_one_source_and_stays_hidden() {
    Jail::expect_with(|jail| {
        jail.create_file("password", "12345\n")?;
        jail.set_env("PRODUCER__REGISTRY__USER", "me");
        jail.set_env("PRODUCER_REGISTRY_PASSWORD_FILE", "password");
        jail.set_env("PRODUCER_KAFKA_SASL_PASSWORD", "hunter2");
        let config = load("producer").unwrap();
        let Auth::Basic { user, password } =
            config.registry.settings(&config.secrets.registry).auth
        else {
            panic!("not basic")
        };
        assert_eq!((user.as_str(), password.expose_secret()), ("me", "12345"));
        assert_eq!(config.secrets.kafka.sasl_password.as_ref().unwrap().expose_secret(), "hunter2");
        let shown = format!("{config:?}");
        assert!(!shown.contains("12345") && !shown.contains("hunter2"), "{shown}");
        Ok(())
    });
    let both = [
        ("PRODUCER_KAFKA_SASL_PASSWORD", "hunter2"),
        ("PRODUCER_KAFKA_SASL_PASSWORD_FILE", "password"),
    ];
    let error = refused(&both);
    assert!(error.contains("PRODUCER_KAFKA_SASL_PASSWORD") && !error.contains("hunter2"));
    let two = [("PRODUCER_REGISTRY_PASSWORD", "hunter2"), ("PRODUCER_REGISTRY_TOKEN", "t0ken")];
    let error = refused(&two);
    assert!(error.contains("keep one") && !error.contains("hunter2"), "{error}");
}

#[test]
fn names_of_topics_follow_kafkas_rule() {
    assert!(is_topic("a.B_c-9"));
    assert!(is_topic(&"x".repeat(249)));
    for name in ["", ".", "..", "a b", "ä", &"x".repeat(250)] {
        assert!(!is_topic(name), "{name}");
    }
}
