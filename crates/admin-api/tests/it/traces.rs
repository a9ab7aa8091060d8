//! Promise: where a collector is named, every request is a span with its route and status.

use admin_api::auth::Role;
use reqwest::Method;
use service::traces;
use testkit::Collector;

use crate::fixture::{Api, Scene};

#[tokio::test]
async fn every_request_is_a_span_of_its_route() -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let scene = Scene::new().await?;
    let mut config = scene.config()?;
    config.traces = traces::Settings::read(|name| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(collector.url.clone()),
        "OTEL_SERVICE_NAME" => Some("ours".to_owned()),
        _ => None,
    })?;
    let api = Api::start(config).await?;
    let viewer = scene.token(Role::Viewer);
    let (trace, span) = ("1".repeat(32), "2".repeat(16));
    let request = api.request(Method::GET, "/v1/pipelines/nobody-has-this", viewer);
    let traced = request.header("traceparent", format!("00-{trace}-{span}-01"));
    assert_eq!(traced.send().await?.status(), 404);
    api.get("/v1/pipelines", viewer).await?;
    api.anonymous(Method::from_bytes(b"SECRET")?, "/secret").send().await?;
    // Of whom the caller says that it is not to be traced.
    let not_sampled = format!("00-{}-{span}-00", "3".repeat(32));
    let request = api.anonymous(Method::GET, "/").header("traceparent", not_sampled);
    request.send().await?;
    api.stop().await?;

    let spans = collector.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["GET /v1/pipelines/{name}", "GET /v1/pipelines", "_OTHER"]);
    let [first, second, third] = <[_; 3]>::try_from(spans).expect("three spans");
    assert_eq!((&first.trace, &first.parent), (&trace, &span));
    assert_eq!(first.kind, "Server");
    assert_eq!(first.attributes["http.route"], "/v1/pipelines/{name}");
    assert_eq!(first.attributes["http.response.status_code"], "404");
    assert_eq!(first.resource["service.name"], "ours");
    assert!(second.parent.is_empty());
    assert_eq!(second.attributes["http.response.status_code"], "200");
    assert!(!format!("{third:?}").to_lowercase().contains("secret"), "{third:?}");
    Ok(())
}
