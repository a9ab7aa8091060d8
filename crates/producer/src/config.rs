//! The producer's configuration: `default.toml` < `--config FILE` < `PRODUCER__*` variables.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::ensure;
use clients::{kafka::Properties, registry::Registry};
use serde::Deserialize;
use service::{
    Task,
    secrets::{Holder, Secret, SecretArgs},
};

use crate::properties::{self, SERVICE};

const DEFAULTS: &str = include_str!("../config/default.toml");

/// What the names of variables that set something begin with.
const VARIABLES: &str = "PRODUCER__";

/// Command line of the producer.
#[derive(Debug, clap::Parser)]
#[command(
    version = service::build::version(),
    about = "Generates events and writes them to a Kafka topic"
)]
pub struct Args {
    /// TOML file whose values replace the defaults.
    #[arg(long, global = true, env = "PRODUCER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    #[command(flatten)]
    secrets: SecretArgs<Config>,

    #[command(subcommand)]
    task: Option<Task>,
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
    /// Passwords and tokens.
    #[serde(skip)]
    pub secrets: Secrets,
}

/// Passwords and tokens. Never printed.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// For the registry.
    pub registry: clients::registry::Secrets,
    /// For Kafka.
    pub kafka: clients::kafka::Secrets,
}

impl Holder for Config {
    const VARIABLES: &'static str = SERVICE.variables;
    const SECRETS: &'static [&'static [Secret]] =
        &[clients::registry::SECRETS, clients::kafka::SECRETS];
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
    #[serde(deserialize_with = "clients::kafka::properties")]
    pub properties: Properties,
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

impl Args {
    /// Does what was asked for instead of the service's work, if anything was.
    pub async fn task(&self) -> Option<ExitCode> {
        Some(self.task.as_ref()?.run(DEFAULTS, self.config.as_deref(), VARIABLES).await)
    }
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
        let mut config: Self = service::config::load(DEFAULTS, args.config.as_deref(), VARIABLES)?;
        let given = args.secrets.read()?;
        config.secrets = Secrets { registry: (&given).into(), kafka: (&given).into() };
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
        service::config::defaults(DEFAULTS)
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
        properties::check(self)?;
        self.registry.connection(SERVICE.variables, &self.secrets.registry).check()
    }
}

/// Kafka's own rule for names of topics.
fn is_topic(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=249).contains(&name.len()) && name.bytes().all(legal) && !matches!(name, "." | "..")
}

#[cfg(test)]
mod tests;
