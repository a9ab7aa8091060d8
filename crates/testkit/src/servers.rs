//! The environment in, servers for tests out: given ones, or a local stack shared by all tests.

use anyhow::{Context as _, bail};
use local_stack::StackFile;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::{
    ClickHouse, Kafka, Registry,
    choose::{kind, variable},
    shared,
};

/// Servers to test against.
#[derive(Clone, Debug)]
pub struct Servers {
    /// Bootstrap server.
    pub kafka: String,
    /// Base URL of the registry's Confluent API, with its path.
    pub registry: String,
    /// URL of ClickHouse's HTTP interface.
    pub clickhouse_http: String,
    /// Inserts into databases that begin with `test_`.
    pub sink: User,
    /// Runs DDL there, and reads.
    pub schema: User,
    /// Reads there.
    pub reader: User,
    /// May do everything.
    pub admin: User,
}

/// A ClickHouse user.
#[derive(Clone, Debug)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: SecretString,
}

impl Servers {
    /// A client for Kafka.
    #[must_use]
    pub fn kafka(&self) -> Kafka {
        Kafka::new(&self.kafka)
    }

    /// A client for the registry.
    #[must_use]
    pub fn registry(&self) -> Registry {
        Registry::new(&self.registry)
    }

    /// A client for ClickHouse, as `admin`.
    #[must_use]
    pub fn clickhouse(&self) -> ClickHouse {
        ClickHouse::new(&self.clickhouse_http, &self.admin)
    }
}

/// The servers of this test run.
///
/// `TEST_KAFKA_BROKERS`, `TEST_REGISTRY_URL` and `TEST_CLICKHOUSE_URL`, set together, name servers
/// to use (with `TEST_CLICKHOUSE_USER` and `TEST_CLICKHOUSE_PASSWORD`, who then plays every
/// role). Otherwise `TEST_STACK` decides, `local` or `containers`, and where it is not set, what this
/// machine can run: a local stack, or else containers. The first test that needs them starts them
/// and leaves them behind for half a minute.
///
/// # Errors
///
/// When there are no servers to be had; the message says what is missing.
pub async fn stack() -> anyhow::Result<&'static Servers> {
    static SERVERS: OnceCell<Servers> = OnceCell::const_new();
    SERVERS.get_or_try_init(choose).await
}

async fn choose() -> anyhow::Result<Servers> {
    let kafka = variable("TEST_KAFKA_BROKERS");
    let registry = variable("TEST_REGISTRY_URL");
    let clickhouse = variable("TEST_CLICKHOUSE_URL");
    match (kafka, registry, clickhouse) {
        (Some(kafka), Some(registry), Some(clickhouse)) => {
            return Ok(given(kafka, registry, clickhouse));
        }
        (None, None, None) => {}
        _ => bail!(
            "set all of TEST_KAFKA_BROKERS, TEST_REGISTRY_URL and TEST_CLICKHOUSE_URL, or none"
        ),
    }
    shared::servers(kind()?).await.context("no servers for tests")
}

fn given(kafka: String, registry: String, clickhouse_http: String) -> Servers {
    let user = User {
        name: variable("TEST_CLICKHOUSE_USER").unwrap_or_else(|| "default".to_owned()),
        password: variable("TEST_CLICKHOUSE_PASSWORD").unwrap_or_default().into(),
    };
    let [sink, schema, reader, admin] = [(); 4].map(|()| user.clone());
    Servers { kafka, registry, clickhouse_http, sink, schema, reader, admin }
}

/// What a stack says of itself.
pub(crate) fn of_file(file: &StackFile) -> anyhow::Result<Servers> {
    let user = |name: &str| -> anyhow::Result<User> {
        let path = file.users.get(name).with_context(|| format!("find the user {name}"))?;
        let password = std::fs::read_to_string(path).context("read a password file")?;
        Ok(User { name: name.to_owned(), password: password.trim().to_owned().into() })
    };
    Ok(Servers {
        kafka: file.kafka.clone().unwrap_or_default(),
        registry: file.registry.clone().unwrap_or_default(),
        clickhouse_http: file.clickhouse_http.clone().unwrap_or_default(),
        sink: user("sink")?,
        schema: user("schema")?,
        reader: user("reader")?,
        admin: user("admin")?,
    })
}
