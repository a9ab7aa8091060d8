//! The sink's settings: `default.toml` < `--config FILE` < `SINK__*` variables, and its secrets.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail, ensure};
use clients::kafka::Kafka;
use pipeline_spec::{Pipeline, selector::Selector};
use serde::Deserialize;
use service::{Task, config::path, secrets::SecretArgs, traces};

pub use self::secrets::Secrets;

mod secrets;

const DEFAULTS: &str = include_str!("../config/default.toml");

/// What the names of variables that set something begin with.
const VARIABLES: &str = "SINK__";

/// Least `memory.bytes_max`: below it a single batch of wide rows would not fit.
const MEMORY_BYTES_LEAST: usize = 16 * 1024 * 1024;

/// Command line of the sink.
#[derive(Debug, clap::Parser)]
#[command(
    name = "sink",
    version = service::build::version(),
    about = "Moves Kafka topics into ClickHouse tables, schema-aware",
    after_help = "Settings: --config FILE, or variables such as SINK__CLICKHOUSE__URL. Every \
                  secret can also be read from a file: SINK_CLICKHOUSE_PASSWORD_FILE and so on."
)]
pub struct Args {
    /// TOML file whose values replace the defaults.
    #[arg(long, global = true, env = "SINK_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Pipeline document, YAML or JSON. May be given several times. Without any, the stored
    /// pipelines are followed.
    #[arg(long, value_name = "FILE")]
    pub pipeline: Vec<PathBuf>,

    /// Which of the stored pipelines to run, by their labels: `team=retail,env!=test,critical`.
    /// All of them unless given.
    #[arg(
        long,
        env = "SINK_SELECTOR",
        value_name = "LABELS",
        default_value = "",
        hide_default_value = true,
        conflicts_with = "pipeline"
    )]
    pub selector: Selector,

    #[command(flatten)]
    secrets: SecretArgs<Config>,

    #[command(subcommand)]
    task: Option<Task>,
}

/// Everything the sink can be told, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// First part of the names of our own topics and groups.
    pub namespace: String,
    /// Where records come from.
    pub kafka: Kafka,
    /// Where schemas come from.
    pub registry: Registry,
    /// Where rows go.
    pub clickhouse: ClickHouse,
    /// How much may be held.
    pub memory: Memory,
    /// When things happen on the way.
    pub delivery: Delivery,
    /// Where bad records go.
    pub dead_letters: DeadLetters,
    /// How the sink reports.
    pub status: Status,
    /// Settings shared by every service.
    pub service: service::Config,
    /// The pipelines to run, from [`Args::pipeline`]; none to follow the stored ones.
    #[serde(skip)]
    pub pipelines: Vec<Pipeline>,
    /// Which of the stored pipelines to run.
    #[serde(skip)]
    pub selector: Selector,
    /// Passwords and tokens.
    #[serde(skip)]
    pub secrets: Secrets,
    /// Where traces go.
    #[serde(skip)]
    pub traces: traces::Settings,
}

/// Where schemas come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Base URL of the Confluent API.
    pub url: String,
    /// User for basic authentication; empty for none.
    pub user: String,
    /// PEM file; empty for none.
    pub ca_file: PathBuf,
    /// Milliseconds for one request.
    pub timeout_ms: NonZeroU64,
    /// Milliseconds for which an id may be unknown before its records are bad.
    pub unknown_id_wait_ms: u64,
}

/// Where rows go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickHouse {
    /// HTTP interface.
    pub url: String,
    /// Account that inserts.
    pub user: String,
    /// Account that looks at tables and creates them.
    pub schema_user: String,
    /// PEM file; empty for none.
    pub ca_file: PathBuf,
    /// Compression of inserts.
    pub compression: target::Compression,
    /// Milliseconds for a connection.
    pub connect_timeout_ms: NonZeroU64,
    /// Milliseconds for one attempt at an insert.
    pub insert_timeout_ms: NonZeroU64,
    /// Milliseconds for any other request.
    pub request_timeout_ms: NonZeroU64,
}

/// How much may be held.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Bytes of all batches and of what Kafka sends ahead, over all pipelines.
    pub bytes_max: usize,
}

/// When things happen on the way.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// Milliseconds between two cuts, and so between two commits.
    pub cut_ms: NonZeroU64,
    /// Inserts at the same time, over all pipelines.
    pub inserts_in_flight_max: NonZeroUsize,
    /// Milliseconds for which a revoked partition waits for its inserts.
    pub revoke_wait_ms_max: u64,
}

/// Where bad records go.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetters {
    /// Milliseconds for which a topic created by the sink keeps them.
    pub retention_ms: NonZeroU64,
    /// Dead letters of one pipeline that Kafka has not acknowledged yet.
    pub in_flight_max: NonZeroUsize,
}

/// How the sink reports.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Name of this process among all sinks; empty for host, process id and a random part.
    pub instance: String,
}

impl Args {
    /// Does what was asked for instead of the service's work, if anything was.
    pub async fn task(&self) -> Option<ExitCode> {
        Some(self.task.as_ref()?.run(DEFAULTS, self.config.as_deref(), VARIABLES).await)
    }
}

impl Config {
    /// Reads settings, secrets and pipelines, and checks them against each other.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read, a key is unknown or of the wrong type, or two values
    /// contradict each other. The message names the key.
    pub fn load(args: &Args) -> anyhow::Result<Self> {
        let mut config: Self = service::config::load(DEFAULTS, args.config.as_deref(), VARIABLES)?;
        config.secrets = (&args.secrets.read()?).into();
        config.traces = traces::Settings::from_env()?;
        config.selector = args.selector.clone();
        config.pipelines = args.pipeline.iter().map(read_pipeline).collect::<Result<_, _>>()?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(!self.namespace.is_empty(), "namespace must not be empty");
        ensure!(
            self.memory.bytes_max >= MEMORY_BYTES_LEAST,
            "memory.bytes_max must be at least {MEMORY_BYTES_LEAST}"
        );
        ensure!(
            self.delivery.cut_ms.get() <= 1_000,
            "delivery.cut_ms must be at most 1000: offsets are committed as often"
        );
        ensure!(
            self.delivery.revoke_wait_ms_max <= 10_000,
            "delivery.revoke_wait_ms_max must be at most 10000: the whole group waits for it"
        );
        self.registry_connection().check()?;
        ensure!(
            self.status.instance.len() <= 128 && !self.status.instance.contains('/'),
            "status.instance must have at most 128 bytes and no slash"
        );
        crate::kafka::check(self)?;
        let mut names: Vec<_> = self.pipelines.iter().map(|pipeline| &pipeline.name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            bail!("two pipelines are called {}", pair[0]);
        }
        Ok(())
    }

    /// What `target` is made with.
    #[must_use]
    pub fn target(&self) -> target::Settings {
        let clickhouse = &self.clickhouse;
        target::Settings {
            url: clickhouse.url.clone(),
            user: clickhouse.user.clone(),
            password: self.secrets.clickhouse.clone().unwrap_or_default(),
            schema_user: clickhouse.schema_user.clone(),
            schema_password: self.secrets.clickhouse_schema.clone().unwrap_or_default(),
            ca_file: path(&clickhouse.ca_file),
            compression: clickhouse.compression,
            connect_timeout_ms: clickhouse.connect_timeout_ms.get(),
            insert_timeout_ms: clickhouse.insert_timeout_ms.get(),
            request_timeout_ms: clickhouse.request_timeout_ms.get(),
            ..target::Settings::default()
        }
    }

    /// What the registry's client is made with.
    #[must_use]
    pub fn registry(&self) -> registry_client::Settings {
        self.registry_connection().settings()
    }

    fn registry_connection(&self) -> clients::registry::Connection<'_> {
        let registry = &self.registry;
        clients::registry::Connection {
            variables: crate::kafka::SERVICE.variables,
            url: &registry.url,
            user: &registry.user,
            ca_file: &registry.ca_file,
            timeout_ms: registry.timeout_ms,
            secrets: &self.secrets.registry,
        }
    }
}

fn read_pipeline(path: &PathBuf) -> anyhow::Result<Pipeline> {
    let place = || format!("pipeline {}", path.display());
    let length = std::fs::metadata(path).with_context(place)?.len();
    let bytes_max = pipeline_spec::read::BYTES_MAX;
    ensure!(
        usize::try_from(length).is_ok_and(|length| length <= bytes_max),
        "pipeline {} is longer than {bytes_max} bytes",
        path.display()
    );
    let text = std::fs::read_to_string(path).with_context(place)?;
    Pipeline::from_yaml(&text).with_context(place)
}

#[cfg(test)]
mod tests;
