use std::{collections::BTreeMap, time::Duration};

use opentelemetry_sdk::trace::Sampler;

use super::{Exported, Settings};

const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");

fn read(variables: &[(&str, &str)]) -> anyhow::Result<Option<Exported>> {
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    let settings = Settings::read(|name| variables.get(name).map(|&value| value.to_owned()))?;
    Ok(settings.exported().cloned())
}

#[test]
fn nothing_is_sent_unless_a_collector_is_named() {
    let nonsense = ("OTEL_TRACES_SAMPLER", "sometimes");
    for variables in [
        &[][..],
        &[nonsense],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")],
        &[ENDPOINT, ("OTEL_SDK_DISABLED", "TRUE"), nonsense],
        &[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")],
    ] {
        assert!(read(variables).unwrap().is_none(), "{variables:?}");
    }
}

#[test]
fn defaults_are_those_of_the_standard() {
    let found = read(&[ENDPOINT]).unwrap().unwrap();
    assert_eq!(found.endpoint.as_str(), "http://127.0.0.1:4318/v1/traces");
    assert_eq!((found.queue_max, found.batch_max), (2_048, 512));
    assert_eq!(found.delay, Duration::from_secs(5));
    assert_eq!(found.timeout, Duration::from_secs(10));
    assert!(!found.gzip && found.headers.is_empty() && found.attributes.is_empty());
    assert_eq!(format!("{:?}", found.sampler), "ParentBased(AlwaysOn)");
}

#[test]
fn variables_for_traces_alone_win() {
    let found = read(&[
        ENDPOINT,
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://collector.example.com/mine"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "250"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%2Cb, authorization=Bearer%20secret"),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,team=retail"),
        ("OTEL_SERVICE_NAME", "mine"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "10"),
    ]);
    let found = found.unwrap().unwrap();
    assert_eq!(found.endpoint.as_str(), "https://collector.example.com/mine");
    assert_eq!(found.timeout, Duration::from_millis(250));
    assert!(found.gzip);
    assert_eq!(found.headers["x-tenant"], "a,b");
    assert_eq!(found.headers["authorization"], "Bearer secret");
    assert!(matches!(found.sampler, Sampler::TraceIdRatioBased(ratio) if ratio == 0.25));
    assert_eq!(found.attributes[1], ("team".to_owned(), "retail".to_owned()));
    assert_eq!(found.service_name.as_deref(), Some("mine"));
    assert_eq!((found.queue_max, found.batch_max), (10, 10));
}

#[test]
fn what_cannot_be_used_is_named_and_secrets_are_not_quoted() {
    let bad = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://me:hidden@collector"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hidden"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hid den=1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=hidden%0a"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "1000000000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "-1"),
        ("OTEL_SDK_DISABLED", "maybe"),
    ];
    for (name, value) in bad {
        let error = format!("{:#}", read(&[ENDPOINT, (name, value)]).unwrap_err());
        assert!(error.contains(name), "{name}={value}: {error}");
        assert!(!error.contains("hid"), "{error}");
    }
    let ratio =
        [ENDPOINT, ("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "2")];
    assert!(read(&ratio).unwrap_err().to_string().contains("OTEL_TRACES_SAMPLER_ARG"));
}

#[test]
fn an_authority_that_cannot_be_read_is_an_error_where_it_is_used() {
    let file = ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/there/is/none.pem");
    let https = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector");
    let error = read(&[https, file]).unwrap_err();
    assert!(error.to_string().contains(file.0), "{error:#}");
    assert!(read(&[ENDPOINT, file]).is_ok());
}

#[test]
fn headers_are_never_printed() {
    let header = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hidden");
    let found = read(&[ENDPOINT, header]).unwrap();
    assert!(!format!("{found:?}").contains("hidden"));
}
