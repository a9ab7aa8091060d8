//! Promise: librdkafka's settings are passed on, and secrets come from files and stay secret. And
//! settings of a topic that nobody may look at are not mistaken for settings that are not set.

use std::{fs, net::TcpListener, time::Duration};

use clients::topic::{Untold, settings};
use local_stack::Part;
use rdkafka::{ClientConfig, admin::AdminClient, client::DefaultClientContext};
use testkit::{Record, eventually};

use crate::fixture::{PATIENCE, SCHEMA, Scene, row};

const PASSWORD: &str = "correct horse";

/// Free ports, each different.
fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut ports = [0; N];
    let mut listeners = Vec::new();
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

#[tokio::test]
async fn a_broker_that_wants_a_password_gets_it_from_a_file() -> anyhow::Result<()> {
    let [plain, sasl, controller] = free_ports()?;
    let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
    let settings = [
        (
            "listeners",
            format!(
                "CLIENTS://127.0.0.1:{plain},SASL://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}"
            ),
        ),
        ("advertised.listeners", format!("CLIENTS://127.0.0.1:{plain},SASL://127.0.0.1:{sasl}")),
        (
            "listener.security.protocol.map",
            "CLIENTS:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned(),
        ),
        ("controller.quorum.voters", format!("1@127.0.0.1:{controller}")),
        ("sasl.enabled.mechanisms", "PLAIN".to_owned()),
        (
            "listener.name.sasl.plain.sasl.jaas.config",
            format!("{module} required user_sink=\"{PASSWORD}\" user_stranger=\"{PASSWORD}\";"),
        ),
        (
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
        ),
        ("super.users", "User:ANONYMOUS;User:sink".to_owned()),
    ];
    let own = testkit::own_stack(&[Part::Kafka, Part::Registry, Part::ClickHouse], |stack| {
        stack.ports.kafka = Some(plain);
        stack.kafka_extra.extend(settings.map(|(key, value)| (key.to_owned(), value)));
    })
    .await?;
    let mut scene = Scene::on(Box::leak(Box::new(own.servers()?)), 1).await?;
    scene.brokers = format!("127.0.0.1:{sasl}");
    let properties =
        r#"{"security.protocol"="sasl_plaintext","sasl.mechanism"="PLAIN","sasl.username"="sink"}"#;
    scene.env.push(("SINK__KAFKA__PROPERTIES", properties.to_owned()));
    let secret = tempfile::NamedTempFile::new()?;
    scene.env.push(("SINK_KAFKA_SASL_PASSWORD_FILE", secret.path().display().to_string()));
    let id = scene.register(SCHEMA).await?;
    scene.produce(vec![Record::of(row(id, 1, "secured"))]).await?;

    fs::write(secret.path(), "wrong horse\n")?;
    let refused = scene.unready_sink().await?;
    eventually("it says that it cannot get in", PATIENCE, async || {
        refused.log_has("not available, trying on")
    })
    .await?;
    assert!(refused.get("readyz").await.is_err(), "ready without Kafka");
    assert!(!refused.log_has("wrong horse"), "the password is in the log");
    assert!(refused.stop().await?.success());

    fs::write(secret.path(), format!("{PASSWORD}\n"))?;
    let sink = scene.sink().await?;
    scene.until_rows(1).await?;
    assert!(!sink.log_has(PASSWORD), "the password is in the log");
    assert!(sink.stop().await?.success());

    let limit = async |user| limit(&scene, user).await;
    assert_eq!(limit("sink").await?.as_deref(), Some("1048588"));
    assert_eq!(limit("stranger").await?, None);
    own.stop().await
}

/// The largest batch that the scene's topic takes, as this user is told; `None` when refused.
async fn limit(scene: &Scene, user: &str) -> anyhow::Result<Option<String>> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", &scene.brokers)
        .set("security.protocol", "sasl_plaintext")
        .set("sasl.mechanism", "PLAIN")
        .set("sasl.username", user)
        .set("sasl.password", PASSWORD)
        .create()?;
    match settings(&admin, &scene.topic, Duration::from_secs(20)).await {
        Ok(found) => Ok(found.get("max.message.bytes").and_then(|entry| entry.value.clone())),
        Err(Untold::Refused) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
