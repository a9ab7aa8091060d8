//! Options, file and variables in, checked settings out.

use std::{num::NonZeroU32, path::PathBuf};

use anyhow::{Context, ensure};
use serde::Deserialize;

const DEFAULTS: &str = include_str!("../config/default.toml");

/// Command line of `penstock`.
#[derive(Debug, clap::Parser)]
#[command(
    name = "penstock",
    about = "Runs a real Kafka, schema registry and ClickHouse, generates sales events and lands \
             them in the table shop.sales",
    after_help = "Needs a JDK of 21 or newer, Maven and npm the first time, to fetch the servers. \
                  Ctrl-C stops everything; the next start goes on from the same data. \
                  <data-dir>/stack.json tells scripts the addresses while it runs."
)]
pub(crate) struct Args {
    /// Generate so many events, wait until all are in ClickHouse, print a summary and stop.
    #[arg(long, value_name = "N")]
    events: Option<u64>,

    /// Events per second; 0 = as fast as possible [default: 1000, with --events 0].
    #[arg(long, value_name = "N")]
    rate: Option<u32>,

    /// Partitions of the topic, when it is created [default: 4].
    #[arg(long, value_name = "N")]
    partitions: Option<NonZeroU32>,

    /// Folder for data, logs and passwords [default: ~/.local/share/penstock].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Delete what an earlier run left in the data folder first.
    #[arg(long)]
    reset: bool,

    /// Port of the page and the admin API [default: 8700, or the next free one].
    #[arg(long)]
    port: Option<u16>,

    /// With --events: print the summary as one JSON object, the last line of standard output.
    #[arg(long, requires = "events")]
    json: bool,

    /// TOML file whose values replace the defaults: ports, memory, limits.
    #[arg(long, env = "PENSTOCK_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Everything that `penstock` can be told, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Folder for data, logs and passwords.
    pub(crate) data_dir: PathBuf,
    #[serde(default)]
    pub(crate) ports: Ports,
    pub(crate) workload: Workload,
    pub(crate) memory: Memory,
    pub(crate) limits: Limits,
    /// How many events to generate; `None` goes on until it is stopped.
    #[serde(skip)]
    pub(crate) events: Option<u64>,
    #[serde(skip)]
    pub(crate) reset: bool,
    #[serde(skip)]
    pub(crate) json: bool,
}

/// Ports that were asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Ports {
    pub(crate) kafka: Option<u16>,
    pub(crate) registry: Option<u16>,
    pub(crate) clickhouse_http: Option<u16>,
    pub(crate) clickhouse_native: Option<u16>,
    pub(crate) producer_http: Option<u16>,
    pub(crate) sink_http: Option<u16>,
    pub(crate) admin_api: Option<u16>,
    pub(crate) admin_api_http: Option<u16>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Workload {
    /// Events per second; 0 = as fast as possible.
    pub(crate) rate_per_sec: u32,
    pub(crate) partitions: NonZeroU32,
    pub(crate) seed: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Memory {
    pub(crate) kafka_heap_mib: NonZeroU32,
    pub(crate) clickhouse_mib: NonZeroU32,
    pub(crate) sink_mib: NonZeroU32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) ready_seconds_max: NonZeroU32,
    pub(crate) drain_seconds_max: NonZeroU32,
    pub(crate) stall_seconds_max: NonZeroU32,
}

impl Config {
    /// Reads the layers and puts the options on top.
    ///
    /// # Errors
    ///
    /// When a layer cannot be read, a key is unknown, or a value is out of its range. The message
    /// names the key.
    pub(crate) fn load(args: &Args) -> anyhow::Result<Self> {
        let mut config: Self =
            service::config::load(DEFAULTS, args.config.as_deref(), "PENSTOCK__")?;
        if let Some(events) = args.events {
            ensure!(events > 0, "--events must be at least 1");
            config.events = Some(events);
            config.workload.rate_per_sec = 0; // as fast as it can, unless told otherwise
        }
        if let Some(rate) = args.rate {
            config.workload.rate_per_sec = rate;
        }
        if let Some(partitions) = args.partitions {
            config.workload.partitions = partitions;
        }
        if let Some(port) = args.port {
            config.ports.admin_api = Some(port);
        }
        if let Some(data_dir) = &args.data_dir {
            config.data_dir.clone_from(data_dir);
        }
        if config.data_dir.as_os_str().is_empty() {
            config.data_dir = usual_data_dir().context(
                "no data folder: HOME is not set; name a folder with --data-dir or data_dir",
            )?;
        }
        config.reset = args.reset;
        config.json = args.json;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.workload.partitions.get() <= 1_000,
            "workload.partitions (--partitions) must be 1 to 1000"
        );
        ensure!(self.memory.sink_mib.get() >= 16, "memory.sink_mib must be at least 16");
        ensure!(
            self.memory.kafka_heap_mib.get() >= 128,
            "memory.kafka_heap_mib must be at least 128"
        );
        ensure!(
            self.memory.clickhouse_mib.get() >= 512,
            "memory.clickhouse_mib must be at least 512"
        );
        let ports = &self.ports;
        let wished = [
            ("kafka", ports.kafka),
            ("registry", ports.registry),
            ("clickhouse_http", ports.clickhouse_http),
            ("clickhouse_native", ports.clickhouse_native),
            ("producer_http", ports.producer_http),
            ("sink_http", ports.sink_http),
            ("admin_api", ports.admin_api),
            ("admin_api_http", ports.admin_api_http),
        ];
        for (place, (key, port)) in wished.iter().enumerate() {
            let Some(port) = port else { continue };
            ensure!(*port > 0, "ports.{key} must be 1 to 65535");
            let twin = wished.iter().take(place).find(|(_, other)| *other == Some(*port));
            if let Some((other, _)) = twin {
                anyhow::bail!("ports.{other} and ports.{key} are both {port}");
            }
        }
        Ok(())
    }
}

/// `penstock` in the user's data folder, as the XDG rules have it.
fn usual_data_dir() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = folder("XDG_DATA_HOME").or_else(|| Some(folder("HOME")?.join(".local/share")))?;
    Some(base.join("penstock"))
}

#[cfg(test)]
mod tests;
