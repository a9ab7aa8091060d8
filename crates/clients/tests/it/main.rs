//! Promise: settings that Kafka does not tell are not mistaken for settings that are not set.

use std::time::Duration;

use clients::topic::{Untold, settings};
use rdkafka::{ClientConfig, admin::AdminClient, client::DefaultClientContext};
use testkit::unique;

const WAIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_topic_that_is_not_there_is_refused_and_one_that_is_tells_its_limit() -> anyhow::Result<()>
{
    let servers = testkit::stack().await?;
    let topic = unique("topic");
    servers.kafka().create_topic(&topic, 1, &[("max.message.bytes", "123456")]).await?;
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &servers.kafka).create()?;

    let found = settings(&admin, &topic, WAIT).await?;
    let limit = found.get("max.message.bytes").and_then(|entry| entry.value.as_deref());
    assert_eq!(limit, Some("123456"));
    let untold = settings(&admin, &unique("topic"), WAIT).await;
    assert!(matches!(untold, Err(Untold::Refused)), "{untold:?}");
    Ok(())
}

#[tokio::test]
async fn a_broker_that_is_not_there_has_refused_nothing() -> anyhow::Result<()> {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", "127.0.0.1:1").create()?;
    let untold = settings(&admin, "t", Duration::from_secs(2)).await;
    assert!(matches!(untold, Err(Untold::Unanswered(_))), "{untold:?}");
    Ok(())
}
