//! Promise: docs/metrics.md lists what an admin API serves at /metrics.

use admin_api::auth::Role;
use reqwest::Method;
use testkit::expect_documented;

use crate::fixture::Scene;

#[tokio::test]
async fn every_metric_is_documented() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    let list = api.request(Method::GET, "/v1/pipelines", scene.token(Role::Viewer));
    list.send().await?.error_for_status()?;
    let served = reqwest::get(format!("http://{}/metrics", api.health)).await?.text().await?;
    let route = "route=\"/v1/pipelines\",status=\"2xx\"";
    assert!(served.contains(route), "{served}");
    assert!(served.contains("\npenstock_ready 1\n"), "{served}");
    expect_documented("admin-api", &served)?;
    api.stop().await
}
