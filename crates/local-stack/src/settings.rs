//! What a stack can be told, and what it reads from the environment.

use std::{ffi::OsString, fmt, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

/// One server of the stack.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    Serialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Apache Kafka, one node.
    Kafka,
    /// Apicurio registry with its Confluent-compatible API.
    Registry,
    /// The ClickHouse engine, HTTP and native protocol.
    #[value(name = "clickhouse")]
    ClickHouse,
}

impl Part {
    /// Every part, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Kafka, Self::Registry, Self::ClickHouse];

    /// The name used in folders, settings and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Registry => "registry",
            Self::ClickHouse => "clickhouse",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Ports that were asked for. `None` takes the first free one, see [`FirstPorts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ports {
    /// Kafka's clients.
    pub kafka: Option<u16>,
    /// The registry.
    pub registry: Option<u16>,
    /// ClickHouse over HTTP.
    pub clickhouse_http: Option<u16>,
    /// ClickHouse's native protocol.
    pub clickhouse_native: Option<u16>,
}

/// Where the search for a free port starts, for every port that was not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct FirstPorts {
    /// Kafka's clients; its controller takes the next free one.
    pub kafka: u16,
    /// The registry; its management interface takes the next free one.
    pub registry: u16,
    /// ClickHouse over HTTP.
    pub clickhouse_http: u16,
    /// ClickHouse's native protocol.
    pub clickhouse_native: u16,
}

impl Default for FirstPorts {
    /// The ports on which each server's own documentation has it.
    fn default() -> Self {
        Self { kafka: 9092, registry: 8081, clickhouse_http: 8123, clickhouse_native: 9000 }
    }
}

/// What the stack takes from the process environment, read once.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `PATH`, where `mvn`, `npm` and `java` are looked for.
    pub path: OsString,
    /// `JAVA_HOME`.
    pub java_home: Option<PathBuf>,
    /// `XDG_CACHE_HOME`.
    pub cache_home: Option<PathBuf>,
    /// Folders that hold one JDK per subfolder.
    pub java_folders: Vec<PathBuf>,
}

impl Environment {
    /// Reads the variables of this process.
    #[must_use]
    pub fn read() -> Self {
        let folder =
            |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = folder("HOME");
        Self {
            java_folders: crate::java::usual_folders(home.as_deref()),
            path: std::env::var_os("PATH").unwrap_or_default(),
            java_home: folder("JAVA_HOME"),
            // The XDG rules: a relative path is invalid and counts as unset.
            cache_home: folder("XDG_CACHE_HOME").filter(|path| path.is_absolute()),
            home,
        }
    }

    /// The folder for packages: `penstock` in the user's cache folder, if there is one.
    #[must_use]
    pub fn cache_dir(&self) -> Option<PathBuf> {
        let base = self.cache_home.clone().or_else(|| Some(self.home.as_ref()?.join(".cache")))?;
        Some(base.join("penstock"))
    }
}

/// Everything [`Stack::start`](crate::Stack::start) needs to know.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Settings {
    /// Data, configuration, logs and passwords of the servers. One instance at a time.
    pub data_dir: PathBuf,
    /// Fetched packages. Any number of instances.
    pub cache_dir: PathBuf,
    /// The servers to run.
    pub parts: Vec<Part>,
    /// Ports that were asked for.
    pub ports: Ports,
    /// Where to look for the others.
    pub first_ports: FirstPorts,
    /// The binary that answers to the hidden subcommands; `None` is the running one.
    pub program: Option<PathBuf>,
    /// Broker settings that replace or add to ours.
    pub kafka_extra: Vec<(String, String)>,
    /// A port of 127.0.0.1 on which a proxy listens: gives the broker a second listener that
    /// sends its clients to this port. Clients connect to the address that a broker advertises,
    /// so a proxy in front of the ordinary listener is left at once.
    pub kafka_proxy: Option<u16>,
    /// Largest heap of the broker, in MiB.
    pub kafka_heap_mib: u32,
    /// Databases on which the accounts `sink`, `schema` and `reader` have their rights. A name
    /// that ends in `*` stands for every database that begins so.
    pub databases: Vec<String>,
    /// Most memory the ClickHouse engine may take, in MiB.
    pub clickhouse_memory_mib: u32,
    /// How long each server may take to answer.
    pub ready_within: Duration,
    /// How long each server may take to stop before it is killed.
    pub stop_within: Duration,
    /// Whether to read every cached file again and compare it with its checksum.
    pub verify_cache: bool,
    /// Where tools and folders are looked for.
    #[serde(skip)]
    pub environment: Environment,
}

impl Settings {
    /// All three servers on their usual ports, with data in `data_dir`.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        let environment = Environment::read();
        Self {
            cache_dir: environment.cache_dir().unwrap_or_else(|| data_dir.join("cache")),
            data_dir,
            parts: Part::ALL.to_vec(),
            ports: Ports::default(),
            first_ports: FirstPorts::default(),
            program: None,
            kafka_extra: Vec::new(),
            kafka_proxy: None,
            kafka_heap_mib: 512,
            databases: vec!["shop".to_owned()],
            clickhouse_memory_mib: 2048,
            ready_within: Duration::from_secs(90),
            stop_within: Duration::from_secs(10),
            verify_cache: false,
            environment,
        }
    }
}
