use std::collections::BTreeMap;

use super::*;

fn checked(change: impl FnOnce(&mut Config)) -> Result<(), String> {
    let mut config = Config::defaults().unwrap();
    change(&mut config);
    config.check().map_err(|error| format!("{error:#}"))
}

#[test]
fn it_tells_which_build_it_is() {
    let command = <Args as clap::CommandFactory>::command();
    assert_eq!(command.get_version(), Some(service::build::version()));
}

#[test]
fn the_defaults_are_usable() {
    assert_eq!(checked(|_| {}), Ok(()));
}

#[test]
fn what_cannot_be_right_names_its_key() {
    let refused = |change: fn(&mut Config), key: &str| {
        let error = checked(change).unwrap_err();
        assert!(error.contains(key), "{error}");
    };
    refused(|config| config.namespace.clear(), "namespace");
    refused(|config| config.allowed_hosts = vec!["*".to_owned()], "allowed_hosts");
    refused(|config| config.allowed_hosts = vec!["http://a".to_owned()], "allowed_hosts");
    refused(|config| config.producer_url = "localhost:1".to_owned(), "producer_url");
    refused(|config| config.connect_url = "ftp://a".to_owned(), "connect_url");
    let property = |key: &str| BTreeMap::from([(key.to_owned(), "x".to_owned())]);
    let error = checked(|config| config.kafka.properties = property("isolation.level"));
    assert!(error.unwrap_err().contains("isolation.level"));
    let error = checked(|config| config.kafka.properties = property("sasl.password"));
    assert!(error.unwrap_err().contains("ADMIN_API_KAFKA_SASL_PASSWORD"));
    let error = checked(|config| config.kafka.properties = property("no.such.thing"));
    assert!(error.unwrap_err().contains("kafka.properties"));
}

#[test]
fn credentials_in_an_address_are_refused_and_not_repeated() {
    let error = checked(|config| config.connect_url = "http://me:hunter2@host:1".to_owned());
    let error = error.unwrap_err();
    assert!(error.contains("connect_url") && !error.contains("hunter2"), "{error}");
}
