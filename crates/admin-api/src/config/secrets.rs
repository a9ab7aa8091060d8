//! Variables and files in, passwords and tokens out.

use secrecy::SecretString;
use service::secrets::{Holder, Secret};

use super::Config;

const CLICKHOUSE: Secret =
    Secret { name: "CLICKHOUSE_PASSWORD", help: "Password of the account that reads" };
const CLICKHOUSE_SCHEMA: Secret = Secret {
    name: "CLICKHOUSE_SCHEMA_PASSWORD",
    help: "Password of the account that looks at tables and creates them",
};

/// Passwords and tokens. Never printed.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// Of the account that reads.
    pub clickhouse: Option<SecretString>,
    /// Of the account that looks at tables and creates them.
    pub clickhouse_schema: Option<SecretString>,
    /// For the registry.
    pub registry: clients::registry::Secrets,
    /// For Kafka.
    pub kafka: clients::kafka::Secrets,
}

impl Holder for Config {
    const VARIABLES: &'static str = crate::kafka::SERVICE.variables;
    const SECRETS: &'static [&'static [Secret]] =
        &[&[CLICKHOUSE, CLICKHOUSE_SCHEMA], clients::registry::SECRETS, clients::kafka::SECRETS];
}

impl From<&service::secrets::Secrets> for Secrets {
    fn from(given: &service::secrets::Secrets) -> Self {
        Self {
            clickhouse: given.get(&CLICKHOUSE),
            clickhouse_schema: given.get(&CLICKHOUSE_SCHEMA),
            registry: given.into(),
            kafka: given.into(),
        }
    }
}
