//! The admin API's settings: `default.toml` < `--config FILE` < `ADMIN_API__*` variables, and its
//! secrets.

use std::{
    net::SocketAddr,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::ensure;
use clients::{kafka::Kafka, registry::Registry};
use serde::Deserialize;
use service::{Task, config::path, secrets::SecretArgs, traces};
use url::Url;

pub use self::secrets::Secrets;

mod secrets;

const DEFAULTS: &str = include_str!("../config/default.toml");

/// What the names of variables that set something begin with.
const VARIABLES: &str = "ADMIN_API__";

/// Command line of the admin API.
#[derive(Debug, clap::Parser)]
#[command(
    name = "admin-api",
    version = service::build::version(),
    about = "REST API and web page for pipelines from Kafka to ClickHouse",
    after_help = "Settings: --config FILE, or variables such as ADMIN_API__CLICKHOUSE__URL. Every \
                  secret can also be read from a file: ADMIN_API_CLICKHOUSE_PASSWORD_FILE and so on."
)]
pub struct Args {
    /// TOML file whose values replace the defaults.
    #[arg(long, global = true, env = "ADMIN_API_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Port of the API and the page, instead of that in `listen`.
    #[arg(long)]
    pub port: Option<u16>,

    #[command(flatten)]
    secrets: SecretArgs<Config>,

    #[command(subcommand)]
    task: Option<Task>,
}

/// Everything the admin API can be told, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// First part of the names of our own topics.
    pub namespace: String,
    /// Where API and page are served.
    pub listen: SocketAddr,
    /// Host names by which browsers may reach us, besides this machine's own.
    pub allowed_hosts: Vec<String>,
    /// HTTP address of the event generator; empty for none.
    pub producer_url: String,
    /// REST address of Kafka Connect; empty for none.
    pub connect_url: String,
    /// Database in the documents that the page proposes.
    pub default_database: String,
    /// Classes of which connectors may be created.
    pub connect_classes: Vec<String>,
    /// Where pipelines are stored and records come from.
    pub kafka: Kafka,
    /// Where schemas come from.
    pub registry: Registry,
    /// Where rows go.
    pub clickhouse: ClickHouse,
    /// Who may.
    pub auth: Auth,
    /// Whether the API speaks TLS itself.
    pub tls: Tls,
    /// How much of anything.
    pub limits: Limits,
    /// Settings shared by every service.
    pub service: service::Config,
    /// Passwords and tokens.
    #[serde(skip)]
    pub secrets: Secrets,
    /// Where traces go.
    #[serde(skip)]
    pub traces: traces::Settings,
}

/// Where rows go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickHouse {
    /// HTTP interface.
    pub url: String,
    /// Account that reads.
    pub user: String,
    /// Account that looks at tables and creates them.
    pub schema_user: String,
    /// Account that sinks insert as; only its name is used, in commands for a person.
    pub sink_user: String,
    /// PEM file; empty for none.
    pub ca_file: PathBuf,
    /// Milliseconds for a connection.
    pub connect_timeout_ms: NonZeroU64,
    /// Milliseconds for a request.
    pub request_timeout_ms: NonZeroU64,
}

/// Who may.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// File of token hashes.
    pub tokens_file: PathBuf,
    /// Milliseconds for which a login at the page lasts.
    pub session_ms: NonZeroU64,
    /// Logins at the same time.
    pub sessions_max: NonZeroUsize,
    /// Whether the cookie is for https only.
    pub cookie_secure: bool,
    /// Refused attempts of one address that wait for their answer.
    pub failures_in_flight_max: NonZeroU32,
    /// Longest wait for the answer to a refused attempt, in milliseconds.
    pub failure_wait_ms_max: u64,
}

/// The certificate of the API and the page; none for plain http.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate and those that vouch for it, in order; empty for none.
    pub cert_file: PathBuf,
    /// PEM file with its key; empty for none.
    pub key_file: PathBuf,
}

impl Tls {
    /// Certificate and key, if there are any.
    pub(crate) fn files(&self) -> Option<(PathBuf, PathBuf)> {
        Some((path(&self.cert_file)?, path(&self.key_file)?))
    }
}

/// How much of anything.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Milliseconds for one request.
    pub request_ms_max: NonZeroU64,
    /// Milliseconds for a request that searches or changes records.
    pub long_request_ms_max: NonZeroU64,
    /// Bytes of a request's body.
    pub body_bytes_max: NonZeroUsize,
    /// Requests of one identity per second, on average.
    pub requests_per_s_max: NonZeroU32,
    /// Requests of one identity at once.
    pub requests_burst_max: NonZeroU32,
    /// Questions to Kafka at the same time.
    pub kafka_calls_max: NonZeroUsize,
}

impl Args {
    /// Does what was asked for instead of the service's work, if anything was.
    pub async fn task(&self) -> Option<ExitCode> {
        Some(self.task.as_ref()?.run(DEFAULTS, self.config.as_deref(), VARIABLES).await)
    }
}

impl Config {
    /// Reads settings and secrets, and checks them against each other.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read, a key is unknown or of the wrong type, or two values
    /// contradict each other. The message names the key.
    pub fn load(args: &Args) -> anyhow::Result<Self> {
        let mut config: Self = service::config::load(DEFAULTS, args.config.as_deref(), VARIABLES)?;
        config.secrets = (&args.secrets.read()?).into();
        config.traces = traces::Settings::from_env()?;
        if let Some(port) = args.port {
            config.listen.set_port(port);
        }
        config.check()?;
        Ok(config)
    }

    /// Returns the values of `default.toml` alone, for programs that embed the admin API and set
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
        ensure!(!self.namespace.is_empty(), "namespace must not be empty");
        for host in &self.allowed_hosts {
            let plain = |c: char| c.is_ascii_graphic() && !"/@,*".contains(c);
            ensure!(
                !host.is_empty() && host.chars().all(plain),
                "allowed_hosts: {host:?} is not a host name, with or without a port"
            );
        }
        for (key, text) in
            [("producer_url", &self.producer_url), ("connect_url", &self.connect_url)]
        {
            check_url(key, text)?;
        }
        ensure!(
            path(&self.tls.cert_file).is_some() == path(&self.tls.key_file).is_some(),
            "tls.cert_file and tls.key_file belong together: set both or neither"
        );
        let variables = crate::kafka::SERVICE.variables;
        self.registry.connection(variables, &self.secrets.registry).check()?;
        crate::kafka::check(self)?;
        Ok(())
    }

    /// What `target` is made with: it never inserts, so its inserting account is the reader.
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
            connect_timeout_ms: clickhouse.connect_timeout_ms.get(),
            insert_timeout_ms: clickhouse.request_timeout_ms.get(),
            request_timeout_ms: clickhouse.request_timeout_ms.get(),
            ..target::Settings::default()
        }
    }

    /// What the registry's client is made with.
    #[must_use]
    pub fn registry(&self) -> registry_client::Settings {
        self.registry.settings(&self.secrets.registry)
    }
}

/// An address of a service of ours: no credentials, which end up in logs.
fn check_url(key: &str, text: &str) -> anyhow::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    // The parser's own words are not passed on: they may quote a password.
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let plain = url.is_some_and(|url| {
        url.username().is_empty() && url.password().is_none() && url.query().is_none()
    });
    ensure!(plain, "{key} must be like http://host:port, without user, password and parameters");
    Ok(())
}

#[cfg(test)]
mod tests;
