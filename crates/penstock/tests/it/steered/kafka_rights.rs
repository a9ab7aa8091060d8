//! Promise: an account that Kafka lets do nothing is told what it lacks, by whoever uses it.

use reqwest::Method;
use testkit::{Servers, eventually};

use super::{
    own_broker::Guarded,
    world::{PATIENCE, World},
};

const PROPERTIES: [(&str, &str); 3] = [
    ("security.protocol", "sasl_plaintext"),
    ("sasl.mechanism", "PLAIN"),
    ("sasl.username", Guarded::USER),
];

pub(crate) async fn an_account_without_rights_is_told(
    servers: &'static Servers,
    guarded: &Guarded,
) -> anyhow::Result<()> {
    let world = World::on(servers, 1).await?;
    let mut config = world.config()?;
    config.kafka.brokers.clone_from(&guarded.brokers);
    let properties = PROPERTIES.map(|(key, value)| (key.to_owned(), value.to_owned()));
    config.kafka.properties.extend(properties);
    config.secrets.kafka.sasl_password = Some(Guarded::PASSWORD.into());
    let api = world.unready_api(config).await?;
    let topic = format!("{}.pipelines", world.namespace);
    let asked = async || api.ask(Method::POST, "/v1/pipelines", world.document("")).await;
    let told = eventually("the answer says what Kafka refuses", PATIENCE, async || {
        asked().await.is_ok_and(|(status, answer)| {
            let detail = answer["detail"].as_str().unwrap_or_default();
            let says = [&*topic, "authorization", "kafka-topics.sh --create"];
            status == 503 && says.iter().all(|word| detail.contains(word))
        })
    });
    let told = told.await;
    anyhow::ensure!(told.is_ok(), "{:?}", asked().await?);
    anyhow::ensure!(!api.is_ready().await, "ready without its topics");
    api.stop().await?;

    // The admin API may do everything, and the sink nothing.
    let api = world.api().await?;
    let pairs = PROPERTIES.map(|(key, value)| format!("{key:?}={value:?}"));
    let sink = world.sink_with(&[
        ("SINK__KAFKA__BROKERS", guarded.brokers.clone()),
        ("SINK__KAFKA__PROPERTIES", format!("{{{}}}", pairs.join(","))),
        ("SINK_KAFKA_SASL_PASSWORD", Guarded::PASSWORD.to_owned()),
    ])?;
    api.create(world.document("")).await?;
    eventually("the sink's log says what Kafka refuses", PATIENCE, async || {
        sink.log_has(&["trying on", "authorization"])
    })
    .await?;
    let status = api.status().await?;
    let advice = status["advice"].as_str().unwrap_or_default();
    anyhow::ensure!(status["state"] == "no-sink" && advice.contains("log"), "{status}");
    sink.stop().await?;
    api.stop().await
}
