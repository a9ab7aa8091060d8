//! A running stack in, the admin API beside it and the pipeline made through it out.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use admin_api::{AdminApi, auth::Role, tokens};
use anyhow::{Context, bail};
use local_stack::Stack;
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    task::JoinHandle,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;

use crate::services::PIPELINE;

/// The pipeline document of the demonstration.
const DOCUMENT: &str = include_str!("../config/sales.yaml");

/// How long Kafka may take to let the API write.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How often it is tried.
const TRY_EVERY: Duration = Duration::from_millis(200);

/// The admin API, running in this process.
#[derive(Debug)]
pub(crate) struct Admin {
    /// Where page and API are.
    pub(crate) url: String,
    /// Logs an admin in, once.
    pub(crate) login_link: String,
    /// Holds the token of an admin.
    pub(crate) token_file: PathBuf,
    token: SecretString,
    stop: CancellationToken,
    running: Option<JoinHandle<anyhow::Result<()>>>,
}

/// Ports of the admin API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    /// Page and API.
    pub(crate) listen: u16,
    /// Health and metrics.
    pub(crate) health: u16,
}

impl Admin {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// When its settings cannot be made or a port cannot be opened.
    pub(crate) async fn start(
        stack: &Stack,
        ports: Ports,
        producer_url: &str,
    ) -> anyhow::Result<Self> {
        let secrets = stack.data_dir().join("secrets");
        let (tokens_file, token_file) = (secrets.join("tokens.toml"), secrets.join("admin-token"));
        let token = token(&tokens_file, &token_file)?;
        let mut config = admin_api::Config::defaults().context("configure the admin API")?;
        let addresses = stack.addresses();
        config.listen = loopback(ports.listen);
        config.service.http = loopback(ports.health);
        config.producer_url = producer_url.to_owned();
        config.kafka.brokers = addresses.kafka.clone().unwrap_or_default();
        config.registry.url = addresses.registry.clone().unwrap_or_default();
        config.clickhouse.url = addresses.clickhouse_http.clone().unwrap_or_default();
        config.auth.tokens_file = tokens_file;
        let credentials = stack.credentials();
        let password = |path: &Path, name| service::config::secret(name, None, Some(path));
        config.secrets.clickhouse =
            password(&credentials.reader.password_file, "ADMIN_API_CLICKHOUSE_PASSWORD")?;
        config.secrets.clickhouse_schema =
            password(&credentials.schema.password_file, "ADMIN_API_CLICKHOUSE_SCHEMA_PASSWORD")?;
        let admin = AdminApi::bind(config).await.context("start the admin API")?;
        let stop = CancellationToken::new();
        Ok(Self {
            url: format!("http://{}", admin.address()),
            login_link: admin.login_link(),
            token_file,
            token,
            running: Some(tokio::spawn(admin.run(stop.clone()))),
            stop,
        })
    }

    /// Creates the pipeline unless there is one of its name, which somebody may have changed.
    ///
    /// # Errors
    ///
    /// When the API refuses, or cannot reach Kafka for long.
    pub(crate) async fn create_pipeline(&self) -> anyhow::Result<()> {
        let client = reqwest::Client::new();
        let since = Instant::now();
        loop {
            let answer = self.put(&client).await?;
            let status = answer.status();
            // 412: it is there.
            if status.is_success() || status == StatusCode::PRECONDITION_FAILED {
                return Ok(());
            }
            let text = answer.text().await.unwrap_or_default();
            let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            if !passes || since.elapsed() > READY_WITHIN {
                bail!("the admin API does not create pipeline {PIPELINE}: {status} {text}");
            }
            time::sleep(TRY_EVERY).await;
        }
    }

    async fn put(&self, client: &reqwest::Client) -> anyhow::Result<reqwest::Response> {
        client
            // Data of an earlier run: go on where it ended.
            .put(format!("{}/v1/pipelines/{PIPELINE}?offsets=resume", self.url))
            .bearer_auth(self.token.expose_secret())
            .header("content-type", "application/yaml")
            .header("if-none-match", "*")
            .body(DOCUMENT)
            .send()
            .await
            .context("ask the admin API")
    }

    /// Waits until it ends by itself; for ever once it has.
    ///
    /// # Errors
    ///
    /// Says why it did.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<()> {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let ended = running.await;
        self.running = None;
        ended.context("admin API panicked")?.context("admin API")
    }

    /// Stops it.
    ///
    /// # Errors
    ///
    /// When it fails, or does not end in time.
    pub(crate) async fn end(mut self, within: Duration) -> anyhow::Result<()> {
        self.stop.cancel();
        if self.running.is_none() {
            return Ok(());
        }
        time::timeout(within, self.ended()).await.context("the admin API did not stop in time")?
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The token of an admin, made when there is none yet or it was lost.
fn token(tokens_file: &Path, token_file: &Path) -> anyhow::Result<SecretString> {
    if tokens_file.exists()
        && let Ok(Some(token)) = service::config::secret("admin token", None, Some(token_file))
    {
        return Ok(token);
    }
    // The lost one may still be listed; a name is there once.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let token = tokens::create(tokens_file, &format!("penstock-{now}"), Role::Admin)?;
    let place = || format!("write {}", token_file.display());
    let mut options = fs::OpenOptions::new();
    options.create(true).write(true).truncate(true).mode(0o600);
    let mut file = options.open(token_file).with_context(place)?;
    std::io::Write::write_all(&mut file, token.expose_secret().as_bytes()).with_context(place)?;
    Ok(token)
}
