//! An admin API and sinks of one test's own, on shared servers.

use std::{fs::File, path::PathBuf, process::Stdio, time::Duration};

use admin_api::{AdminApi, auth::Role, tokens};
use anyhow::{Context, ensure};
use reqwest::{Client, Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{
    Record, Servers,
    avro::{framed, long},
    eventually, unique,
};
use tokio::{
    process::{Child, Command},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// Long enough for a loaded machine; what is waited for usually takes seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The schema of the topic's values.
const SCHEMA: &str = r#"{"type":"record","name":"Row","fields":[{"name":"id","type":"long"}]}"#;

/// Name of the pipeline in every test.
pub(crate) const NAME: &str = "rows";

pub(crate) struct World {
    pub(crate) servers: &'static Servers,
    pub(crate) namespace: String,
    pub(crate) topic: String,
    pub(crate) database: String,
    schema_id: u32,
    token: String,
    dir: TempDir,
}

/// A running admin API.
pub(crate) struct Api {
    pub(crate) url: String,
    readyz: String,
    /// Logs in once.
    pub(crate) login_link: String,
    token: String,
    client: Client,
    stop: CancellationToken,
    run: JoinHandle<anyhow::Result<()>>,
}

/// A sink process that follows the stored pipelines.
pub(crate) struct Sink {
    child: Child,
    log: PathBuf,
}

impl World {
    pub(crate) async fn new(partitions: i32) -> anyhow::Result<Self> {
        Self::on(testkit::stack().await?, partitions).await
    }

    pub(crate) async fn on(servers: &'static Servers, partitions: i32) -> anyhow::Result<Self> {
        let topic = unique("topic");
        servers.kafka().create_topic(&topic, partitions, &[]).await?;
        let dir = TempDir::new()?;
        let token = tokens::create(&dir.path().join("tokens.toml"), "test", Role::Admin)?;
        Ok(Self {
            servers,
            namespace: unique("ns"),
            database: servers.clickhouse().create_database().await?,
            schema_id: servers.registry().register(&format!("{topic}-value"), SCHEMA).await?,
            token: token.expose_secret().to_owned(),
            topic,
            dir,
        })
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub(crate) async fn api(&self) -> anyhow::Result<Api> {
        let api = self.unready_api(self.config()?).await?;
        eventually("the admin API is ready", PATIENCE, async || api.is_ready().await).await?;
        Ok(api)
    }

    /// The settings of an admin API.
    pub(crate) fn config(&self) -> anyhow::Result<admin_api::Config> {
        let mut config = admin_api::Config::defaults()?;
        config.namespace.clone_from(&self.namespace);
        config.listen.set_port(0);
        config.service.http.set_port(0);
        config.kafka.brokers.clone_from(&self.servers.kafka);
        config.registry.url.clone_from(&self.servers.registry);
        config.clickhouse.url.clone_from(&self.servers.clickhouse_http);
        config.clickhouse.user.clone_from(&self.servers.reader.name);
        config.clickhouse.schema_user.clone_from(&self.servers.schema.name);
        config.secrets.clickhouse = Some(self.servers.reader.password.clone());
        config.secrets.clickhouse_schema = Some(self.servers.schema.password.clone());
        config.auth.tokens_file = self.dir.path().join("tokens.toml");
        Ok(config)
    }

    /// Starts an admin API and waits for nothing.
    pub(crate) async fn unready_api(&self, config: admin_api::Config) -> anyhow::Result<Api> {
        let api = AdminApi::bind(config).await?;
        let (url, health) = (format!("http://{}", api.address()), api.health_address()?);
        let login_link = api.login_link();
        let stop = CancellationToken::new();
        let run = tokio::spawn(api.run(stop.clone()));
        let client = Client::builder().no_proxy().timeout(PATIENCE * 2).build()?;
        let readyz = format!("http://{health}/readyz");
        Ok(Api { url, readyz, login_link, token: self.token.clone(), client, stop, run })
    }

    pub(crate) fn sink(&self) -> anyhow::Result<Sink> {
        self.sink_with(&[])
    }

    /// Starts a sink with further variables.
    pub(crate) fn sink_with(&self, env: &[(&str, String)]) -> anyhow::Result<Sink> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_penstock"));
        command.arg("__sink");
        self.started(command, env)
    }

    /// Starts a command that is a sink.
    pub(crate) fn started(
        &self,
        mut command: Command,
        env: &[(&str, String)],
    ) -> anyhow::Result<Sink> {
        let password = |user: &testkit::User| user.password.expose_secret().to_owned();
        let log = self.dir.path().join(unique("log"));
        command
            .env("SINK__NAMESPACE", &self.namespace)
            .env("SINK__KAFKA__BROKERS", &self.servers.kafka)
            .env("SINK__KAFKA__PROPERTIES", r#"{"session.timeout.ms"="6000"}"#)
            .env("SINK__REGISTRY__URL", &self.servers.registry)
            .env("SINK__CLICKHOUSE__URL", &self.servers.clickhouse_http)
            .env("SINK__CLICKHOUSE__USER", &self.servers.sink.name)
            .env("SINK__CLICKHOUSE__SCHEMA_USER", &self.servers.schema.name)
            .env("SINK_CLICKHOUSE_PASSWORD", password(&self.servers.sink))
            .env("SINK_CLICKHOUSE_SCHEMA_PASSWORD", password(&self.servers.schema))
            .env("SINK__SERVICE__HTTP", "127.0.0.1:0")
            .envs(env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .map(|child| Sink { child, log })
            .context("start a sink")
    }

    /// The document of [`NAME`], with further lines.
    pub(crate) fn document(&self, further: &str) -> String {
        format!(
            "name: {NAME}\nsource: {{topics: [{}]}}\ntarget: {{database: {}, table: rows}}\n{further}",
            self.topic, self.database
        )
    }

    /// Produces these ids, round all partitions.
    pub(crate) async fn produce(
        &self,
        ids: std::ops::Range<i64>,
        partitions: i32,
    ) -> anyhow::Result<()> {
        let record = |id: i64| {
            let to = i32::try_from(id % i64::from(partitions)).unwrap_or(0);
            self.record(id).to_partition(to)
        };
        let records: Vec<Record> = ids.map(record).collect();
        self.servers.kafka().produce(&self.topic, records).await.map(drop)
    }

    /// A record with this id.
    pub(crate) fn record(&self, id: i64) -> Record {
        Record::of(framed(self.schema_id, &long(id)))
    }

    pub(crate) async fn sql(&self, sql: &str) -> anyhow::Result<String> {
        let table = format!("{}.rows", self.database);
        self.servers.clickhouse().query(&sql.replace("{t}", &table)).await
    }

    /// Rows in the table; none while there is no table.
    pub(crate) async fn rows(&self) -> u64 {
        let found = self.sql("SELECT count() FROM {t}").await;
        found.ok().and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    pub(crate) async fn until_rows(&self, rows: u64) -> anyhow::Result<()> {
        let what = format!("{rows} rows");
        eventually(&what, PATIENCE, async || self.rows().await >= rows).await
    }

    /// Checks that each id of `0..ids` is in the table `times` times, and nothing else.
    pub(crate) async fn expect(&self, ids: u64, times: u64) -> anyhow::Result<()> {
        let sql = "SELECT count(), uniqExact(id), min(id), max(id), min(n), max(n) FROM \
                   (SELECT id, count() AS n FROM {t} GROUP BY id) FORMAT CSV";
        let found = self.sql(sql).await?;
        let wanted = format!("{ids},{ids},0,{},{times},{times}", ids - 1);
        ensure!(found == wanted, "ids, distinct, least, most, times: {found} and not {wanted}");
        Ok(())
    }

    /// Sum of what the pipeline's group has committed; 0 where it has not.
    pub(crate) async fn committed(&self) -> anyhow::Result<i64> {
        let group = format!("{}.{NAME}", self.namespace);
        self.servers.kafka().committed_sum(&group, &self.topic).await
    }

    /// Waits until everything that the topic holds has been committed.
    pub(crate) async fn until_committed(&self, offsets: i64) -> anyhow::Result<()> {
        let what = format!("{offsets} offsets are committed");
        eventually(&what, PATIENCE, async || {
            self.committed().await.is_ok_and(|found| found == offsets)
        })
        .await
    }
}

impl Api {
    pub(crate) async fn is_ready(&self) -> bool {
        let answer = self.client.get(&self.readyz).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Asks, and returns the status and the body, as JSON where it is.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Option<String>>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let mut request =
            self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body.into() {
            let kind = if body.starts_with('{') { "application/json" } else { "application/yaml" };
            request = request.header("content-type", kind).body(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// As [`Self::ask`], and fails unless it was done.
    pub(crate) async fn done(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Option<String>>,
    ) -> anyhow::Result<Value> {
        let what = format!("{method} {path}");
        let (status, answer) = self.ask(method, path, body).await?;
        ensure!(status.is_success(), "{what}: {status} {answer}");
        Ok(answer)
    }

    pub(crate) async fn create(&self, document: String) -> anyhow::Result<()> {
        self.done(Method::POST, "/v1/pipelines", document).await.map(drop)
    }

    pub(crate) async fn post(&self, action: &str) -> anyhow::Result<Value> {
        self.done(Method::POST, &format!("/v1/pipelines/{NAME}/{action}"), None).await
    }

    /// Resets offsets: `way` as in `{"to": "earliest"}`.
    pub(crate) async fn reset(&self, way: Value, query: &str) -> anyhow::Result<Value> {
        let path = format!("/v1/pipelines/{NAME}/offsets?{query}");
        let answer = self.done(Method::POST, &path, way.to_string()).await?;
        ensure!(answer["done"] == json!(true), "the reset is not done: {answer}");
        Ok(answer)
    }

    pub(crate) async fn status(&self) -> anyhow::Result<Value> {
        self.done(Method::GET, &format!("/v1/pipelines/{NAME}/status"), None).await
    }

    /// Waits until `holds` of the status.
    pub(crate) async fn until_status(
        &self,
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<()> {
        let waited = eventually(what, PATIENCE, async || {
            self.status().await.is_ok_and(|status| holds(&status))
        })
        .await;
        match waited {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(format!("{}", self.status().await?))),
        }
    }

    pub(crate) async fn until_state(&self, state: &str) -> anyhow::Result<()> {
        self.until_status(&format!("it is {state}"), |status| status["state"] == state).await
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.run).await.context("the admin API does not stop")??
    }
}

impl Sink {
    /// Whether a line of its log has all of `words`.
    pub(crate) fn log_has(&self, words: &[&str]) -> bool {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().any(|line| words.iter().all(|word| line.contains(word)))
    }

    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("kill a sink")
    }

    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        kill_process(pid.context("the sink has ended")?, Signal::TERM)?;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let ended = ended.context("the sink does not stop")??;
        ensure!(ended.success(), "the sink ended with {ended}");
        Ok(())
    }
}
