//! The producer's configuration: `default.toml` < `--config FILE` < `PRODUCER__*` variables.

use std::{
    collections::BTreeMap,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
};

use anyhow::{Context, ensure};
use figment::{
    Figment,
    providers::{Format, Toml},
};
use registry_client::{Auth, Settings};
use secrecy::SecretString;
use serde::Deserialize;
use service::config::secret;

use crate::properties::{self, Property};

const DEFAULTS: &str = include_str!("../config/default.toml");

/// Command line of the producer.
#[derive(Debug, clap::Parser)]
#[command(version, about = "Generates events and writes them to a Kafka topic")]
pub struct Args {
    /// TOML file whose values replace the defaults.
    #[arg(long, env = "PRODUCER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    // Not figment keys: figment parses variables, so it refuses `12345` as a password, and prints
    // it in the error.
    /// Password of `registry.user`.
    #[arg(long, env = "PRODUCER_REGISTRY_PASSWORD", hide_env_values = true)]
    pub registry_password: Option<SecretString>,
    /// File that holds the password of `registry.user`.
    #[arg(long, env = "PRODUCER_REGISTRY_PASSWORD_FILE", value_name = "FILE")]
    pub registry_password_file: Option<PathBuf>,
    /// Bearer token for the registry, instead of user and password.
    #[arg(long, env = "PRODUCER_REGISTRY_TOKEN", hide_env_values = true)]
    pub registry_token: Option<SecretString>,
    /// File that holds the bearer token.
    #[arg(long, env = "PRODUCER_REGISTRY_TOKEN_FILE", value_name = "FILE")]
    pub registry_token_file: Option<PathBuf>,
    /// SASL password for Kafka; the user is the property `sasl.username`.
    #[arg(long, env = "PRODUCER_KAFKA_SASL_PASSWORD", hide_env_values = true)]
    pub kafka_sasl_password: Option<SecretString>,
    /// File that holds the SASL password.
    #[arg(long, env = "PRODUCER_KAFKA_SASL_PASSWORD_FILE", value_name = "FILE")]
    pub kafka_sasl_password_file: Option<PathBuf>,
}

/// Everything the producer can be told, checked. `config/default.toml` explains each key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where events go.
    pub kafka: Kafka,
    /// Where their schema is registered.
    pub registry: Registry,
    /// Which events, how many and how fast.
    pub workload: Workload,
    /// Settings shared by every service.
    pub service: service::Config,
}

/// Where events go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// Bootstrap brokers, `host:port`, comma separated.
    pub brokers: String,
    /// Topic to write.
    pub topic: String,
    /// Partitions of a topic that the producer creates.
    pub partitions: NonZeroU32,
    /// Replicas of such a topic; -1 = what the broker prefers.
    pub replication: i32,
    /// Records sent and not yet acknowledged.
    pub records_in_flight_max: NonZeroUsize,
    /// Bytes of such records.
    pub bytes_in_flight_max: NonZeroUsize,
    /// Further librdkafka settings.
    pub properties: BTreeMap<String, Property>,
    /// Password for the property `sasl.username`, from [`Args`].
    #[serde(skip)]
    pub sasl_password: Option<SecretString>,
}

/// Where the schema of the events is registered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Base URL.
    pub url: String,
    /// User for basic authentication; empty = none.
    pub user: String,
    /// PEM file of further authorities to trust; empty = none.
    pub ca_file: PathBuf,
    /// Milliseconds for one request.
    pub timeout_ms: u64,
    /// Milliseconds for one call with all its attempts.
    pub total_ms_max: u64,
    /// Password of `user`, from [`Args`].
    #[serde(skip)]
    pub password: Option<SecretString>,
    /// Bearer token, from [`Args`].
    #[serde(skip)]
    pub token: Option<SecretString>,
}

/// Which events, how many and how fast.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// What kind of events.
    pub name: WorkloadName,
    /// Events per second; 0 = as fast as possible.
    pub rate_per_sec: u32,
    /// End after so many acknowledged events; 0 = no end.
    pub events: u64,
    /// Same seed, same events; 0 = another one at every start.
    pub seed: u64,
    /// Time of the first event in milliseconds since 1970; 0 = the time each event is made.
    pub first_ts_ms: i64,
}

/// The workloads there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkloadName {
    /// Sales of a chain of stores, see [`Sales`](crate::Sales).
    Sales,
}

impl Config {
    /// Reads the three layers and checks them.
    ///
    /// # Errors
    ///
    /// When a layer or a secret cannot be read, a key is unknown or of the wrong type, two values
    /// contradict each other, or a Kafka property is not for users to set. The message names the
    /// key.
    pub fn load(args: &Args) -> anyhow::Result<Self> {
        let mut config: Self =
            service::config::load(DEFAULTS, args.config.as_deref(), "PRODUCER__")?;
        config.registry.password = secret(
            "PRODUCER_REGISTRY_PASSWORD",
            args.registry_password.clone(),
            args.registry_password_file.as_deref(),
        )?;
        config.registry.token = secret(
            "PRODUCER_REGISTRY_TOKEN",
            args.registry_token.clone(),
            args.registry_token_file.as_deref(),
        )?;
        config.kafka.sasl_password = secret(
            "PRODUCER_KAFKA_SASL_PASSWORD",
            args.kafka_sasl_password.clone(),
            args.kafka_sasl_password_file.as_deref(),
        )?;
        config.check()?;
        Ok(config)
    }

    /// Returns the values of `default.toml` alone, for programs that embed the producer and set
    /// the rest themselves.
    ///
    /// # Errors
    ///
    /// Only when `default.toml` itself is wrong.
    pub fn defaults() -> anyhow::Result<Self> {
        Figment::from(Toml::string(DEFAULTS)).extract().context("read default.toml")
    }

    /// Checks what the types alone cannot.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(!self.kafka.brokers.is_empty(), "kafka.brokers must not be empty");
        ensure!(is_topic(&self.kafka.topic), "kafka.topic is not a name that Kafka accepts");
        ensure!(
            self.kafka.replication == -1 || self.kafka.replication > 0,
            "kafka.replication must be -1 or positive"
        );
        ensure!(self.workload.first_ts_ms >= 0, "workload.first_ts_ms must not be negative");
        properties::check(&self.kafka.properties)?;
        self.registry.settings()?;
        Ok(())
    }
}

impl Registry {
    /// Translates to the settings of the registry client.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        ensure!(
            self.password.is_none() || self.token.is_none(),
            "the registry's password and token are both set: keep one of them"
        );
        let auth = match (&self.password, &self.token) {
            (_, Some(token)) => {
                ensure!(self.user.is_empty(), "registry.user does not go with a token");
                Auth::Bearer(token.clone())
            }
            (Some(password), None) => {
                ensure!(!self.user.is_empty(), "the registry's password needs registry.user");
                Auth::Basic { user: self.user.clone(), password: password.clone() }
            }
            (None, None) => {
                ensure!(self.user.is_empty(), "registry.user needs PRODUCER_REGISTRY_PASSWORD");
                Auth::None
            }
        };
        Ok(Settings {
            url: self.url.clone(),
            auth,
            ca_file: Some(self.ca_file.clone()).filter(|path| !path.as_os_str().is_empty()),
            timeout_ms: self.timeout_ms,
            total_ms_max: self.total_ms_max,
            ..Settings::default()
        })
    }
}

/// Kafka's own rule for names of topics.
fn is_topic(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=249).contains(&name.len()) && name.bytes().all(legal) && !matches!(name, "." | "..")
}

#[cfg(test)]
mod tests;
