//! A running stack in, generator and sink running against it out.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::Parser;
use local_stack::{Child, ChildSpec, Stack};

use crate::config::Config;

/// Topic of the generated events.
pub(crate) const TOPIC: &str = "sales";
/// Where they land.
pub(crate) const TABLE: &str = "shop.sales";
/// The pipeline that brings them there.
pub(crate) const PIPELINE: &str = "sales";
/// Its consumer group.
pub(crate) const GROUP: &str = "penstock.sales";
/// Its dead letters.
pub(crate) const DEAD_LETTERS: &str = "penstock.dead-letters.sales";

/// Hidden subcommand under which this binary is the sink.
const SINK: &str = "__sink";

/// Runs the sink if `args` (with the program's name first) ask for it.
///
/// The sink is a process of its own so that it can end and be started again without the rest, as
/// it does when it must give up its consumer, and so that what it uses can be told apart.
pub(crate) fn hidden(args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut args = args.into_iter();
    let program = args.next()?;
    if args.next()? != SINK {
        return None;
    }
    Some(sink_main(std::iter::once(program).chain(args)))
}

fn sink_main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = sink::config::Args::parse_from(args);
    service::init_logs();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            return ExitCode::FAILURE;
        }
    };
    match sink::config::Config::load(&args) {
        Ok(config) => {
            runtime.block_on(service::run(config.service.clone(), |stop| sink::run(config, stop)))
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "invalid configuration");
            ExitCode::from(service::EXIT_CONFIG)
        }
    }
}

/// What the generator is told.
pub(crate) fn producer(
    config: &Config,
    stack: &Stack,
    port: u16,
) -> anyhow::Result<producer::Producer> {
    let mut settings = producer::Config::defaults().context("configure the generator")?;
    let addresses = stack.addresses();
    settings.kafka.brokers = addresses.kafka.clone().unwrap_or_default();
    settings.kafka.topic = TOPIC.to_owned();
    settings.kafka.partitions = config.workload.partitions;
    settings.registry.url = addresses.registry.clone().unwrap_or_default();
    settings.workload.rate_per_sec = config.workload.rate_per_sec;
    settings.workload.events = config.events.unwrap_or(0);
    settings.workload.seed = config.workload.seed;
    settings.service.http = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    producer::Producer::new(settings).context("configure the generator")
}

/// The sink as a child of the stack, to be started as often as needed.
#[derive(Debug)]
pub(crate) struct Sink {
    spec: ChildSpec,
    /// URL of its service port.
    pub(crate) url: String,
}

impl Sink {
    /// Writes the sink's settings into the data folder. Its pipelines are those of the admin API.
    ///
    /// # Errors
    ///
    /// When they cannot be written, or this program cannot find itself.
    pub(crate) fn prepare(config: &Config, stack: &Stack, port: u16) -> anyhow::Result<Self> {
        let folder = stack.data_dir().join("conf");
        let settings = folder.join("sink.toml");
        write(&settings, &toml(config, stack, port)?)?;
        let path = |path: &PathBuf| path.display().to_string();
        let credentials = stack.credentials();
        let env = [
            ("SINK_CLICKHOUSE_PASSWORD_FILE", path(&credentials.sink.password_file)),
            ("SINK_CLICKHOUSE_SCHEMA_PASSWORD_FILE", path(&credentials.schema.password_file)),
        ];
        let spec = ChildSpec {
            name: "sink".to_owned(),
            program: std::env::current_exe().context("find this program")?,
            args: [SINK, "--config", &path(&settings)].map(str::to_owned).into(),
            env: env.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
            log: None,
            stop_grace: drain(config) + Duration::from_secs(2),
        };
        Ok(Self { spec, url: format!("http://127.0.0.1:{port}") })
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(crate) async fn start(&self, stack: &Stack) -> anyhow::Result<Child> {
        stack.start_child(self.spec.clone()).await.context("start the sink")
    }
}

/// How long generator and sink may take to finish what they hold.
pub(crate) fn drain(config: &Config) -> Duration {
    Duration::from_secs(config.limits.drain_seconds_max.get().into())
}

fn toml(config: &Config, stack: &Stack, port: u16) -> anyhow::Result<String> {
    let addresses = stack.addresses();
    let table = |pairs: Vec<(&str, toml::Value)>| {
        toml::Value::Table(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    };
    let text = |address: &Option<String>| toml::Value::from(address.clone().unwrap_or_default());
    let sink_bytes = i64::from(config.memory.sink_mib.get()) * 1024 * 1024;
    let drain_ms = i64::try_from(drain(config).as_millis()).unwrap_or(i64::MAX);
    let settings: BTreeMap<&str, toml::Value> = [
        ("kafka", table(vec![("brokers", text(&addresses.kafka))])),
        ("registry", table(vec![("url", text(&addresses.registry))])),
        ("clickhouse", table(vec![("url", text(&addresses.clickhouse_http))])),
        ("memory", table(vec![("bytes_max", sink_bytes.into())])),
        (
            "service",
            table(vec![
                ("http", format!("127.0.0.1:{port}").into()),
                ("drain_ms_max", drain_ms.into()),
            ]),
        ),
    ]
    .into();
    toml::to_string(&settings).context("write the sink's settings")
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
