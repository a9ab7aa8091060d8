//! A topic, a database and a sink of one test's own.

use std::{
    fs::{self, File},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, ensure};
use secrecy::ExposeSecret;
use tempfile::TempDir;
use testkit::{ClickHouse, Kafka, Record, Servers, eventually, unique};
use tokio::process::{Child, Command};

/// The schema of most tests: a number and a text.
pub(crate) const SCHEMA: &str = r#"{"type":"record","name":"Row","fields":[
    {"name":"id","type":"long"},{"name":"note","type":"string"}]}"#;

/// Long enough for a loaded machine; what is waited for usually takes a second.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Scene {
    pub(crate) servers: &'static Servers,
    pub(crate) topic: String,
    pub(crate) database: String,
    /// The pipeline's name.
    pub(crate) name: String,
    /// Lines added to `source` of the pipeline document.
    pub(crate) source: String,
    pub(crate) brokers: String,
    pub(crate) clickhouse_url: String,
    pub(crate) registry_url: String,
    /// Further variables of the sink.
    pub(crate) env: Vec<(&'static str, String)>,
    dir: TempDir,
}

impl Scene {
    pub(crate) async fn new(partitions: i32) -> anyhow::Result<Self> {
        Self::on(testkit::stack().await?, partitions).await
    }

    pub(crate) async fn on(servers: &'static Servers, partitions: i32) -> anyhow::Result<Self> {
        let topic = unique("topic");
        servers.kafka().create_topic(&topic, partitions, &[]).await?;
        let database = servers.clickhouse().create_database().await?;
        Ok(Self {
            servers,
            name: unique("p").replace('_', "-"),
            source: String::new(),
            brokers: servers.kafka.clone(),
            clickhouse_url: servers.clickhouse_http.clone(),
            registry_url: servers.registry.clone(),
            env: Vec::new(),
            dir: TempDir::new()?,
            topic,
            database,
        })
    }

    pub(crate) fn kafka(&self) -> Kafka {
        self.servers.kafka()
    }

    pub(crate) fn clickhouse(&self) -> ClickHouse {
        self.servers.clickhouse()
    }

    pub(crate) fn group(&self) -> String {
        format!("penstock.{}", self.name)
    }

    pub(crate) fn dead_letter_topic(&self) -> String {
        format!("penstock.dead-letters.{}", self.name)
    }

    pub(crate) fn table(&self) -> String {
        format!("{}.rows", self.database)
    }

    /// Registers `schema` as the next version of the topic's values.
    pub(crate) async fn register(&self, schema: &str) -> anyhow::Result<u32> {
        self.servers.registry().register(&format!("{}-value", self.topic), schema).await
    }

    pub(crate) async fn produce(&self, records: Vec<Record>) -> anyhow::Result<Vec<(i32, i64)>> {
        self.kafka().produce(&self.topic, records).await
    }

    /// Rows in the table; none while there is no table.
    pub(crate) async fn rows(&self) -> u64 {
        let sql = format!("SELECT count() FROM {}", self.table());
        self.clickhouse().count(&sql).await.unwrap_or(0)
    }

    /// Checks that the table has each of `ids` once and nothing else.
    pub(crate) async fn expect_ids(
        &self,
        ids: impl IntoIterator<Item = i64>,
    ) -> anyhow::Result<()> {
        let sql = format!("SELECT id FROM {} ORDER BY id", self.table());
        let found = self.clickhouse().query(&sql).await?;
        let found: Vec<i64> = found.lines().map(str::parse).collect::<Result<_, _>>()?;
        let mut wanted: Vec<i64> = ids.into_iter().collect();
        wanted.sort_unstable();
        let doubled = found.windows(2).filter(|pair| pair[0] == pair[1]).count();
        let missing = wanted.iter().filter(|id| found.binary_search(id).is_err()).count();
        ensure!(
            found == wanted,
            "{} rows instead of {}: {doubled} doubled, {missing} missing",
            found.len(),
            wanted.len()
        );
        Ok(())
    }

    pub(crate) async fn committed(&self) -> anyhow::Result<i64> {
        self.kafka().committed_sum(&self.group(), &self.topic).await
    }

    pub(crate) async fn until_rows(&self, rows: u64) -> anyhow::Result<()> {
        let what = format!("{rows} rows in the table");
        eventually(&what, PATIENCE, async || self.rows().await >= rows).await
    }

    pub(crate) async fn until_committed(&self, offsets: i64) -> anyhow::Result<()> {
        let what = format!("{offsets} offsets committed");
        eventually(&what, PATIENCE, async || {
            self.committed().await.is_ok_and(|found| found >= offsets)
        })
        .await
    }

    /// Starts a sink and waits until it is ready.
    pub(crate) async fn sink(&self) -> anyhow::Result<Sink> {
        let sink = self.unready_sink().await?;
        eventually("the sink is ready", PATIENCE, async || sink.get("readyz").await.is_ok())
            .await?;
        Ok(sink)
    }

    /// Starts a sink and waits until its port is open.
    pub(crate) async fn unready_sink(&self) -> anyhow::Result<Sink> {
        let pipeline = self.dir.path().join("pipeline.yaml");
        let document = format!(
            "name: {}\nsource:\n  topics: [{}]\n{}target: {{database: {}, table: rows}}\n",
            self.name, self.topic, self.source, self.database
        );
        fs::write(&pipeline, document)?;
        let log = self.dir.path().join(unique("log"));
        let password = |user: &testkit::User| user.password.expose_secret().to_owned();
        let child = Command::new(env!("CARGO_BIN_EXE_sink"))
            .arg("--pipeline")
            .arg(&pipeline)
            .env("SINK__KAFKA__BROKERS", &self.brokers)
            .env("SINK__REGISTRY__URL", &self.registry_url)
            .env("SINK__CLICKHOUSE__URL", &self.clickhouse_url)
            .env("SINK__CLICKHOUSE__USER", &self.servers.sink.name)
            .env("SINK__CLICKHOUSE__SCHEMA_USER", &self.servers.schema.name)
            .env("SINK_CLICKHOUSE_PASSWORD", password(&self.servers.sink))
            .env("SINK_CLICKHOUSE_SCHEMA_PASSWORD", password(&self.servers.schema))
            .env("SINK__SERVICE__HTTP", "127.0.0.1:0")
            .env("RUST_LOG", "info,sink=debug")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdout(File::create(&log)?)
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .context("start the sink")?;
        let mut sink = Sink { child, log, http: String::new() };
        eventually("the sink serves", PATIENCE, async || sink.log_has("serving health")).await?;
        let text = fs::read_to_string(&sink.log)?;
        let address = text.split_once("\"address\":\"").and_then(|(_, rest)| rest.split_once('"'));
        sink.http = format!("http://{}", address.context("no address in the log")?.0);
        Ok(sink)
    }
}

pub(crate) struct Sink {
    child: Child,
    log: std::path::PathBuf,
    http: String,
}

impl Sink {
    /// Whether a line of the log contains `text`.
    pub(crate) fn log_has(&self, text: &str) -> bool {
        self.log_count(text) > 0
    }

    /// Lines of the log that contain `text`.
    pub(crate) fn log_count(&self, text: &str) -> usize {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter(|line| line.contains(text)).count()
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<String> {
        let answer = reqwest::get(format!("{}/{path}", self.http)).await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// Sum of the values of a metric over those of its labels that contain `label`.
    pub(crate) async fn metric(&self, name: &str, label: &str) -> anyhow::Result<f64> {
        let text = self.get("metrics").await?;
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
        let values = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        Ok(values.sum())
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        let pid = self.child.id().context("the sink has ended")?;
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid)?).context("pid")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        Ok(ended.context("the sink does not stop")??)
    }
}

/// A record of [`SCHEMA`] in the registry's wire format.
pub(crate) fn row(schema_id: u32, id: i64, note: &str) -> Vec<u8> {
    framed(schema_id, &[long(id), string(note)].concat())
}

/// The partition of the `n`-th record, when records go round `partitions`.
pub(crate) fn partition(n: i64, partitions: i64) -> i32 {
    i32::try_from(n % partitions).unwrap_or(0)
}

/// Avro bytes behind the five that name their schema.
pub(crate) fn framed(schema_id: u32, datum: &[u8]) -> Vec<u8> {
    [&[0], &schema_id.to_be_bytes()[..], datum].concat()
}

/// Avro's zigzag variable-length number.
pub(crate) fn long(value: i64) -> Vec<u8> {
    let mut rest = (value << 1 ^ value >> 63).cast_unsigned();
    let mut bytes = Vec::new();
    loop {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            bytes.push(low & 0x7f);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Avro's string.
pub(crate) fn string(text: &str) -> Vec<u8> {
    [long(text.len() as i64), text.as_bytes().to_vec()].concat()
}
