//! Variables and files in, passwords and tokens out.

use std::path::PathBuf;

use secrecy::SecretString;

// Not figment keys: figment parses variables, so it refuses `12345` as a password, and prints
// it in the error.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Secrets, by variable or from a file")]
pub(super) struct SecretArgs {
    /// Password of the account that reads.
    #[arg(
        long,
        env = "ADMIN_API_CLICKHOUSE_PASSWORD",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    clickhouse_password: Option<SecretString>,
    /// File that holds it.
    #[arg(long, env = "ADMIN_API_CLICKHOUSE_PASSWORD_FILE", value_name = "FILE")]
    clickhouse_password_file: Option<PathBuf>,
    /// Password of the account that looks at tables and creates them.
    #[arg(
        long,
        env = "ADMIN_API_CLICKHOUSE_SCHEMA_PASSWORD",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    clickhouse_schema_password: Option<SecretString>,
    /// File that holds it.
    #[arg(long, env = "ADMIN_API_CLICKHOUSE_SCHEMA_PASSWORD_FILE", value_name = "FILE")]
    clickhouse_schema_password_file: Option<PathBuf>,
    /// Password for basic authentication at the registry.
    #[arg(
        long,
        env = "ADMIN_API_REGISTRY_PASSWORD",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    registry_password: Option<SecretString>,
    /// File that holds it.
    #[arg(long, env = "ADMIN_API_REGISTRY_PASSWORD_FILE", value_name = "FILE")]
    registry_password_file: Option<PathBuf>,
    /// Token for bearer authentication at the registry.
    #[arg(long, env = "ADMIN_API_REGISTRY_TOKEN", hide_env_values = true, value_name = "SECRET")]
    registry_token: Option<SecretString>,
    /// File that holds it.
    #[arg(long, env = "ADMIN_API_REGISTRY_TOKEN_FILE", value_name = "FILE")]
    registry_token_file: Option<PathBuf>,
    /// librdkafka's `sasl.password`.
    #[arg(
        long,
        env = "ADMIN_API_KAFKA_SASL_PASSWORD",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    kafka_sasl_password: Option<SecretString>,
    /// File that holds it.
    #[arg(long, env = "ADMIN_API_KAFKA_SASL_PASSWORD_FILE", value_name = "FILE")]
    kafka_sasl_password_file: Option<PathBuf>,
    /// librdkafka's `ssl.key.password`.
    #[arg(
        long,
        env = "ADMIN_API_KAFKA_SSL_KEY_PASSWORD",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    kafka_ssl_key_password: Option<SecretString>,
    /// File that holds it.
    #[arg(long, env = "ADMIN_API_KAFKA_SSL_KEY_PASSWORD_FILE", value_name = "FILE")]
    kafka_ssl_key_password_file: Option<PathBuf>,
}

/// Passwords and tokens. Never printed.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// Of the account that reads.
    pub clickhouse: Option<SecretString>,
    /// Of the account that looks at tables and creates them.
    pub clickhouse_schema: Option<SecretString>,
    /// For basic authentication at the registry.
    pub registry_password: Option<SecretString>,
    /// For bearer authentication at the registry.
    pub registry_token: Option<SecretString>,
    /// librdkafka's `sasl.password`.
    pub kafka_sasl_password: Option<SecretString>,
    /// librdkafka's `ssl.key.password`.
    pub kafka_ssl_key_password: Option<SecretString>,
}

impl SecretArgs {
    pub(super) fn read(&self) -> anyhow::Result<Secrets> {
        let read = |name: &str, value: &Option<SecretString>, file: &Option<PathBuf>| {
            let name = format!("ADMIN_API_{name}");
            service::config::secret(&name, value.clone(), file.as_deref())
        };
        Ok(Secrets {
            clickhouse: read(
                "CLICKHOUSE_PASSWORD",
                &self.clickhouse_password,
                &self.clickhouse_password_file,
            )?,
            clickhouse_schema: read(
                "CLICKHOUSE_SCHEMA_PASSWORD",
                &self.clickhouse_schema_password,
                &self.clickhouse_schema_password_file,
            )?,
            registry_password: read(
                "REGISTRY_PASSWORD",
                &self.registry_password,
                &self.registry_password_file,
            )?,
            registry_token: read(
                "REGISTRY_TOKEN",
                &self.registry_token,
                &self.registry_token_file,
            )?,
            kafka_sasl_password: read(
                "KAFKA_SASL_PASSWORD",
                &self.kafka_sasl_password,
                &self.kafka_sasl_password_file,
            )?,
            kafka_ssl_key_password: read(
                "KAFKA_SSL_KEY_PASSWORD",
                &self.kafka_ssl_key_password,
                &self.kafka_ssl_key_password_file,
            )?,
        })
    }
}
