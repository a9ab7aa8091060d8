//! The environment in, servers for tests out: given ones, or a local stack shared by all tests.

use anyhow::{Context as _, bail};
use local_stack::StackFile;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::{ClickHouse, Kafka, Registry, shared};

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
/// role). Otherwise `TEST_STACK` decides, and where it is not set, what this machine has: a local
/// stack, started by the first test that needs it and left behind for half a minute.
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
    match variable("TEST_STACK").as_deref() {
        None | Some("local") => shared::servers().await.context(
            "no local stack for tests; set TEST_KAFKA_BROKERS, TEST_REGISTRY_URL and \
             TEST_CLICKHOUSE_URL to use servers that run elsewhere",
        ),
        Some("containers") => bail!("TEST_STACK=containers is not supported yet: use local"),
        Some(other) => bail!("TEST_STACK is {other:?}: it can be local"),
    }
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

/// Tests are configured by variables and by nothing else.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok().filter(|value| !value.is_empty())
}
