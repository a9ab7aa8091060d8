//! Promise: one id costs one request, however many ask and whoever goes away.

use std::time::Duration;

use tokio::time::timeout;

use crate::server::{Reply, Server};

#[tokio::test]
async fn concurrent_callers_share_one_request_and_outlive_the_first() -> anyhow::Result<()> {
    let slow = r#"{"schema":"\"string\""}"#.to_owned();
    let server = Server::start(move |_| Reply::Drip(slow.clone())).await?;
    let settings = registry_client::Settings { timeout_ms: 20_000, ..server.settings() };
    let client = registry_client::Client::new(settings)?;

    timeout(Duration::from_millis(50), client.schema_by_id(1)).await.expect_err("it drips");
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.schema_by_id(1).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await??.text, "\"string\"");
    }
    client.schema_by_id(1).await?;
    assert_eq!(server.requests(), 1);
    Ok(())
}
