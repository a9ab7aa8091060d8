use clap::Parser;

use super::*;

fn load(options: &[&str]) -> anyhow::Result<Config> {
    Config::load(&Args::try_parse_from(["penstock", "--data-dir", "/d"].iter().chain(options))?)
}

#[test]
fn without_options_it_generates_a_thousand_events_a_second() {
    let config = load(&[]).unwrap();
    assert_eq!((config.workload.rate_per_sec, config.events), (1_000, None));
    assert_eq!(config.workload.partitions.get(), 4);
}

#[test]
fn events_are_generated_as_fast_as_possible_unless_told_otherwise() {
    assert_eq!(load(&["--events", "5"]).unwrap().workload.rate_per_sec, 0);
    let config = load(&["--events", "5", "--rate", "7"]).unwrap();
    assert_eq!((config.events, config.workload.rate_per_sec), (Some(5), 7));
}

#[test]
fn bad_values_name_their_key_and_the_range() {
    for (options, text) in [
        (["--events", "0"], "--events must be at least 1"),
        (["--partitions", "1001"], "must be 1 to 1000"),
        (["--config", "/no/such.toml"], "/no/such.toml does not exist"),
    ] {
        let error = format!("{:#}", load(&options).unwrap_err());
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn one_port_cannot_serve_two() {
    let mut config = load(&[]).unwrap();
    (config.ports.kafka, config.ports.sink_http) = (Some(9092), Some(9092));
    let error = config.check().unwrap_err().to_string();
    assert_eq!(error, "ports.kafka and ports.sink_http are both 9092");
}
