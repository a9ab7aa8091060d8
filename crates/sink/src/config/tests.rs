#![expect(clippy::result_large_err, reason = "the signature of figment::Jail")]

use clap::Parser;
use figment::Jail;
use secrecy::ExposeSecret;

use super::*;

const PIPELINE: &str =
    "name: sales\nsource: {topics: [sales]}\ntarget: {database: shop, table: sales}\n";

fn load(arguments: &[&str]) -> anyhow::Result<Config> {
    Config::load(&Args::try_parse_from(["sink"].iter().chain(arguments))?)
}

/// What is said when `variables` are set.
fn refusal(variables: &[(&str, &str)]) -> String {
    let mut text = String::new();
    Jail::expect_with(|jail| {
        jail.create_file("p.yaml", PIPELINE)?;
        variables.iter().for_each(|(name, value)| jail.set_env(name, value));
        text = format!("{:#}", load(&["--pipeline", "p.yaml"]).unwrap_err());
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
fn the_defaults_are_valid() {
    Jail::expect_with(|jail| {
        jail.create_file("p.yaml", PIPELINE)?;
        jail.set_env("SINK_CLICKHOUSE_PASSWORD", "12345");
        let config = load(&["--pipeline", "p.yaml"]).unwrap();
        assert!(config.service.http.ip().is_loopback());
        assert_eq!(config.pipelines[0].group(&config.namespace), "penstock.sales");
        assert_eq!(config.target().password.expose_secret(), "12345");
        assert!(!format!("{config:?}").contains("12345"));
        Ok(())
    });
}

#[test]
fn limits_are_checked_and_named() {
    for (name, value, key) in [
        ("SINK__MEMORY__BYTES_MAX", "1000", "memory.bytes_max"),
        ("SINK__DELIVERY__CUT_MS", "5000", "delivery.cut_ms"),
        ("SINK__DELIVERY__CUT_MS", "0", "delivery.cut_ms"),
        ("SINK__DELIVERY__REVOKE_WAIT_MS_MAX", "60000", "delivery.revoke_wait_ms_max"),
        ("SINK__CLICKHOUSE__PASSWORD", "hunter2", "password"),
        ("SINK_REGISTRY_PASSWORD", "hunter2", "registry.user"),
        ("SINK__KAFKA__PROPERTIES", r#"{"enable.auto.commit"="no"}"#, "after the insert"),
        (
            "SINK__KAFKA__PROPERTIES",
            r#"{"sasl.password"="hunter2"}"#,
            "belongs into SINK_KAFKA_SASL_PASSWORD",
        ),
        ("SINK__KAFKA__PROPERTIES", r#"{"fetch.min.byts"="1"}"#, "fetch.min.byts"),
        ("SINK__KAFKA__PROPERTIES", r#"{"fetch.min.bytes"="many"}"#, "fetch.min.bytes"),
    ] {
        let text = refusal(&[(name, value)]);
        let named = text.contains(key) || text.replace("__", ".").to_lowercase().contains(key);
        assert!(named && !text.contains("hunter2"), "{name}: {text}");
    }
}

#[test]
fn a_pipeline_with_problems_names_its_file_and_all_of_them() {
    Jail::expect_with(|jail| {
        jail.create_file("p.yaml", &PIPELINE.replace("sales\n", "Sales!\nworkers: 0\n"))?;
        let text = format!("{:#}", load(&["--pipeline", "p.yaml"]).unwrap_err());
        assert!(text.contains("p.yaml") && text.contains("/name") && text.contains("/workers"));
        Ok(())
    });
}

#[test]
fn two_pipelines_of_one_name_are_refused() {
    Jail::expect_with(|jail| {
        jail.create_file("p.yaml", PIPELINE)?;
        let error = load(&["--pipeline", "p.yaml", "--pipeline", "p.yaml"]).unwrap_err();
        assert_eq!(error.to_string(), "two pipelines are called sales");
        Ok(())
    });
}

#[test]
fn without_pipelines_the_stored_ones_are_followed() {
    Jail::expect_with(|jail| {
        let config = load(&["--selector", "team=retail,env!=test,critical"]).unwrap();
        assert!(config.pipelines.is_empty());
        assert_eq!(config.selector.to_string(), "team=retail,env!=test,critical");
        assert!(load(&[]).unwrap().selector.is_empty());
        jail.create_file("p.yaml", PIPELINE)?;
        load(&["--pipeline", "p.yaml", "--selector", "critical"]).unwrap_err();
        load(&["--selector", "a b"]).unwrap_err();
        Ok(())
    });
    assert!(refusal(&[("SINK__STATUS__INSTANCE", "a/b")]).contains("status.instance"));
}
