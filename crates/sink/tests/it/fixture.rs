//! A topic, a database and a sink of one test's own.

use std::{
    fs::{self, File},
    ops::Range,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, ensure};
use secrecy::ExposeSecret;
use tempfile::TempDir;
pub(crate) use testkit::avro::{framed, long, string};
use testkit::{ClickHouse, Kafka, Record, Servers, eventually, unique};
use tokio::process::Command;

use crate::process::Sink;

/// The schema of most tests: a number and a text.
pub(crate) const SCHEMA: &str = r#"{"type":"record","name":"Row","fields":[
    {"name":"id","type":"long"},{"name":"note","type":"string"}]}"#;

/// Long enough for a loaded machine; what is waited for usually takes a second.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Scene {
    pub(crate) servers: &'static Servers,
    pub(crate) topic: String,
    pub(crate) database: String,
    /// First part of the names of the sink's own topics and groups.
    pub(crate) namespace: String,
    /// The pipeline's name.
    pub(crate) name: String,
    /// Lines added to the pipeline document.
    pub(crate) document: String,
    /// Lines added to its `source`.
    pub(crate) source: String,
    /// The table's name without its database.
    pub(crate) table_name: &'static str,
    /// Keys added to its `target`, each behind a comma.
    pub(crate) target: String,
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
            namespace: "penstock".to_owned(),
            name: unique("p").replace('_', "-"),
            document: String::new(),
            source: String::new(),
            table_name: "rows",
            target: String::new(),
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
        format!("{}.{}", self.namespace, self.name)
    }

    pub(crate) fn dead_letter_topic(&self) -> String {
        format!("{}.dead-letters.{}", self.namespace, self.name)
    }

    pub(crate) fn table(&self) -> String {
        format!("{}.{}", self.database, self.table_name)
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

    /// Waits until the group has announced a range that is not done.
    pub(crate) async fn until_announced(&self) -> anyhow::Result<()> {
        let (kafka, group) = (self.kafka(), self.group());
        eventually("a range is announced", PATIENCE, async || {
            let Ok(found) = kafka.committed(&group, &self.topic).await else { return false };
            found.values().any(|one| one.metadata.contains(&format!(";{}-", one.offset)))
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
        fs::write(&pipeline, self.pipeline())?;
        let pipeline = pipeline.to_str().context("path")?.to_owned();
        self.started(&["--pipeline", &pipeline]).await
    }

    /// The pipeline document.
    pub(crate) fn pipeline(&self) -> String {
        format!(
            "name: {}\nsource:\n  topics: [{}]\n{}target: {{database: {}, table: {}{}}}\n{}",
            self.name,
            self.topic,
            self.source,
            self.database,
            self.table_name,
            self.target,
            self.document
        )
    }

    /// Starts a sink with these arguments and waits until its port is open.
    pub(crate) async fn started(&self, arguments: &[&str]) -> anyhow::Result<Sink> {
        let log = self.dir.path().join(unique("log"));
        let password = |user: &testkit::User| user.password.expose_secret().to_owned();
        let child = Command::new(env!("CARGO_BIN_EXE_sink"))
            .args(arguments)
            .env("SINK__NAMESPACE", &self.namespace)
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
        Sink::serving(child, log).await
    }

    /// Settings of librdkafka, each `"name"="value"`, instead of those set so far.
    pub(crate) fn properties(&mut self, properties: &[&str]) {
        let properties = format!("{{{}}}", properties.join(", "));
        self.env.retain(|(name, _)| *name != "SINK__KAFKA__PROPERTIES");
        self.env.push(("SINK__KAFKA__PROPERTIES", properties));
    }

    /// Creates the table by hand, as the sink would but with these clauses at its end.
    pub(crate) async fn create_table(&self, clauses: &str) -> anyhow::Result<()> {
        let sql = format!(
            "CREATE TABLE {} (id Int64, note String, _topic LowCardinality(String), \
             _partition UInt32, _offset UInt64, _timestamp DateTime64(3, 'UTC')) \
             ENGINE = MergeTree {clauses}",
            self.table()
        );
        self.clickhouse().query(&sql).await.map(drop)
    }

    /// Runs a statement in which `{t}` stands for the table and `{db}` for its database.
    pub(crate) async fn sql(&self, sql: &str) -> anyhow::Result<String> {
        let sql = sql.replace("{t}", &self.table()).replace("{db}", &self.database);
        self.clickhouse().query(&sql).await
    }

    /// Produces rows of [`SCHEMA`] that go round `partitions`.
    pub(crate) async fn produce_rows(
        &self,
        schema_id: u32,
        ids: Range<i64>,
        partitions: i64,
    ) -> anyhow::Result<()> {
        let to = |n| Record::of(row(schema_id, n, "row")).to_partition(partition(n, partitions));
        self.produce(ids.map(to).collect()).await.map(drop)
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
