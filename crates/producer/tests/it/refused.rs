//! Promise: an event that cannot be delivered, or a schema that is refused, ends the run with the
//! reason.

use registry_client::{Client, NewSchema, Settings};
use testkit::stack;

use crate::fixture::{Running, config, read};

#[tokio::test]
async fn an_event_that_kafka_refuses_ends_the_run() -> anyhow::Result<()> {
    let servers = stack().await?;
    let mut config = config(servers)?;
    config.workload.events = 10;
    let limit = [("max.message.bytes", "20")];
    servers.kafka().create_topic(&config.kafka.topic, 1, &limit).await?;

    let running = Running::start(config)?;
    let (handle, topic) = (running.handle.clone(), running.topic.clone());
    let error = running.ended().await.unwrap_err();
    assert!(format!("{error:#}").contains("deliver events"), "{error:#}");
    assert_eq!(handle.stats().acknowledged, 0);
    assert!(handle.stats().failed > 0);
    assert!(read(servers, &topic).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_incompatible_schema_ends_the_run_before_the_first_event() -> anyhow::Result<()> {
    let servers = stack().await?;
    let mut config = config(servers)?;
    config.workload.events = 10;
    let settings = Settings { url: servers.registry.clone(), ..Settings::default() };
    let schema = NewSchema { text: r#""int""#.to_owned(), ..NewSchema::default() };
    let subject = format!("{}-value", config.kafka.topic);
    Client::new(settings)?.register(&subject, &schema).await?;

    let running = Running::start(config)?;
    let handle = running.handle.clone();
    let error = running.ended().await.unwrap_err();
    assert!(format!("{error:#}").contains("http status 409"), "{error:#}");
    assert_eq!(handle.stats().acknowledged, 0);
    Ok(())
}
