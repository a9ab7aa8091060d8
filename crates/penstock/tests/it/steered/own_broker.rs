//! Promises that need a broker with settings of its own, which all of them share: its start, and
//! the minute that offsets take to expire, cost more than they do.

use std::net::TcpListener;

use anyhow::ensure;
use local_stack::Part;

use super::{kafka_rights::an_account_without_rights_is_told, retention};

/// A second listener of the broker, for an account that may do nothing.
pub(crate) struct Guarded {
    pub(crate) brokers: String,
}

impl Guarded {
    pub(crate) const USER: &str = "nobody";
    pub(crate) const PASSWORD: &str = "correct horse";
}

#[tokio::test]
async fn offsets_outlast_a_pause_and_a_lack_of_rights_is_told() -> anyhow::Result<()> {
    let [plain, sasl, controller] = free_ports()?;
    let own = testkit::own_stack(&[Part::Kafka, Part::Registry, Part::ClickHouse], |stack| {
        stack.ports.kafka = Some(plain);
        stack.kafka_extra.extend(settings(plain, sasl, controller));
    })
    .await?;
    let servers = Box::leak(Box::new(own.servers()?));
    let guarded = Guarded { brokers: format!("127.0.0.1:{sasl}") };
    let (paused, table, mirror, rights) = tokio::join!(
        retention::a_pause_that_outlasts_them(servers),
        retention::lost_and_found(servers, "table", ""),
        // The copy may be some seconds old.
        retention::lost_and_found(servers, "mirror", "delete_rows=true"),
        an_account_without_rights_is_told(servers, &guarded),
    );
    let found = [
        ("a pause", paused),
        ("found in the table", table),
        ("found in the status topic", mirror),
        ("no rights", rights),
    ];
    let failed = found.into_iter().filter_map(|(what, done)| Some((what, done.err()?)));
    let failed: Vec<_> = failed.map(|(what, error)| format!("{what}: {error:#}")).collect();
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    own.stop().await
}

fn settings(plain: u16, sasl: u16, controller: u16) -> impl Iterator<Item = (String, String)> {
    let clients = format!("CLIENTS://127.0.0.1:{plain},SASL://127.0.0.1:{sasl}");
    let login = "org.apache.kafka.common.security.plain.PlainLoginModule required";
    let (user, password) = (Guarded::USER, Guarded::PASSWORD);
    let settings = [
        ("offsets.retention.minutes", "1".to_owned()), // the least
        ("offsets.retention.check.interval.ms", "1000".to_owned()),
        ("listeners", format!("{clients},CONTROLLER://127.0.0.1:{controller}")),
        ("advertised.listeners", clients),
        (
            "listener.security.protocol.map",
            "CLIENTS:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned(),
        ),
        ("controller.quorum.voters", format!("1@127.0.0.1:{controller}")),
        ("sasl.enabled.mechanisms", "PLAIN".to_owned()),
        (
            "listener.name.sasl.plain.sasl.jaas.config",
            format!("{login} user_{user}=\"{password}\";"),
        ),
        (
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
        ),
        // Whoever comes by the other listeners.
        ("super.users", "User:ANONYMOUS".to_owned()),
    ];
    settings.into_iter().map(|(key, value)| (key.to_owned(), value))
}

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
