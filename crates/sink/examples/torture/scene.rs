//! Servers behind proxies in, settings for sinks and producer out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use local_stack::{Part, Stack};
use pipeline_spec::{Pipeline, store::Store};
use rdkafka::ClientConfig;
use schema_map::{DEDUPLICATION_WINDOW, NewTable, Schema, create_table};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use testkit::{ClickHouse, Kafka, OwnStack, Proxy, Servers, User, own_stack};

use crate::plan::Form;

/// Partitions of the topic.
pub(crate) const PARTITIONS: i32 = 8;
/// First part of the names of the sinks' own topics and groups: the default.
pub(crate) const NAMESPACE: &str = "penstock";
/// Of the target table.
const ORDER_BY: [&str; 2] = ["store_id", "ts"];
/// Milliseconds without a heartbeat after which the group throws a sink out.
pub(crate) const SESSION_MS: u64 = 6_000;
/// Milliseconds without a poll after which a sink leaves the group.
const POLL_MS_MAX: u64 = 10_000;
/// Milliseconds after which a batch is cut: short, so that there is always one in flight.
pub(crate) const AGE_MS: u64 = 200;
/// Milliseconds for one attempt at an insert: a connection that hangs must not last for ever.
const INSERT_MS_MAX: u64 = 10_000;

/// The servers, the proxies in front of them, and a folder for settings.
#[derive(Debug)]
pub(crate) struct Scene {
    stack: OwnStack,
    servers: Servers,
    /// Between the sinks and Kafka.
    pub(crate) to_kafka: Proxy,
    /// Between the sinks and ClickHouse.
    pub(crate) to_clickhouse: Proxy,
    dir: TempDir,
}

impl Scene {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let to_kafka = Proxy::unconnected().await?;
        let port = to_kafka.address().port();
        let parts = [Part::Kafka, Part::Registry, Part::ClickHouse];
        let stack = own_stack(&parts, |settings| settings.kafka_proxy = Some(port)).await?;
        let addresses = stack.stack().addresses();
        to_kafka.forward_to(addresses.kafka_proxied.as_deref().context("no listener")?);
        let servers = stack.servers()?;
        let to_clickhouse = Proxy::start(&servers.clickhouse_http).await?;
        let dir = TempDir::new().context("make a folder for settings")?;
        Ok(Self { stack, servers, to_kafka, to_clickhouse, dir })
    }

    /// The servers, which are processes beside which others are started.
    pub(crate) fn stack(&self) -> anyhow::Result<&Stack> {
        self.stack.stack().local()
    }

    pub(crate) fn kafka(&self) -> Kafka {
        self.servers.kafka()
    }

    /// As `admin`, not through the proxy.
    pub(crate) fn clickhouse(&self) -> ClickHouse {
        self.servers.clickhouse()
    }

    /// Creates the topic of a run and, where its sinks record no intents, the table: one that
    /// forgets tokens at once.
    pub(crate) async fn prepare(&self, form: &Form) -> anyhow::Result<()> {
        self.kafka().create_topic(form.name, PARTITIONS, &[]).await?;
        if form.intents {
            return Ok(());
        }
        let schema = Schema::parse(include_str!("../../../../schemas/sales.avsc"), &[])?;
        let table = NewTable {
            database: "shop",
            table: &form.table(),
            engine: "MergeTree",
            order_by: &ORDER_BY.map(str::to_owned),
            partition_by: None,
            extra_metadata: &[],
        };
        let window = format!("window = {DEDUPLICATION_WINDOW}");
        let ddl = create_table(&schema, &table)?;
        ensure!(ddl.contains(&window), "the table has no window to take away");
        let clickhouse = self.clickhouse();
        clickhouse.query("CREATE DATABASE IF NOT EXISTS shop").await?;
        clickhouse.query(&ddl.replace(&window, "window = 0")).await.map(drop)
    }

    /// Arguments of a producer that goes on until it is told to stop.
    pub(crate) fn producer(&self, form: &Form, seed: u64) -> anyhow::Result<Vec<String>> {
        let Servers { kafka, registry, .. } = &self.servers;
        let config = format!(
            "[kafka]\nbrokers = {kafka:?}\ntopic = {:?}\n[registry]\nurl = {registry:?}\n\
             [workload]\nevents = 0\nrate_per_sec = {}\nseed = {}\n\
             [service]\nhttp = \"127.0.0.1:0\"\n",
            form.name,
            form.rate,
            // 0 would be another one at every start.
            seed.max(1),
        );
        Ok(vec!["--config".to_owned(), self.file("producer.toml", &config)?])
    }

    /// Arguments of a sink that reaches Kafka and ClickHouse through the proxies.
    pub(crate) fn sink(&self, form: &Form) -> anyhow::Result<Vec<String>> {
        let Servers { registry, clickhouse_http, sink, schema, .. } = &self.servers;
        let config = format!(
            "[kafka]\nbrokers = {:?}\n\
             [kafka.properties]\n\"session.timeout.ms\" = \"{SESSION_MS}\"\n\
             \"max.poll.interval.ms\" = \"{POLL_MS_MAX}\"\n\
             [registry]\nurl = {registry:?}\n\
             [clickhouse]\nurl = {:?}\nuser = {:?}\nschema_user = {:?}\n\
             insert_timeout_ms = {INSERT_MS_MAX}\n\
             [service]\nhttp = \"127.0.0.1:0\"\n",
            self.to_kafka.address().to_string(),
            self.to_clickhouse.url(clickhouse_http),
            sink.name,
            schema.name
        );
        let secret = |user: &User| {
            self.file(&format!("password-{}", user.name), user.password.expose_secret())
        };
        Ok(vec![
            "--config".to_owned(),
            self.file("sink.toml", &config)?,
            "--selector".to_owned(),
            format!("run={}", form.name),
            "--clickhouse-password-file".to_owned(),
            secret(sink)?,
            "--clickhouse-schema-password-file".to_owned(),
            secret(schema)?,
        ])
    }

    /// The pipeline of a run. Its label keeps it from the sinks of the others.
    pub(crate) fn pipeline(form: &Form) -> anyhow::Result<Pipeline> {
        let (name, delivery) =
            (form.name, if form.intents { "exactly-once" } else { "at-least-once" });
        let document = format!(
            "name: {name}\nlabels: {{run: {name}}}\nsource: {{topics: [{name}]}}\n\
             target: {{database: shop, table: {}, order_by: [{}]}}\n\
             batch: {{age_ms: {AGE_MS}}}\ndelivery: {delivery}\n",
            form.table(),
            ORDER_BY.join(", ")
        );
        Pipeline::from_yaml(&document).context("read the pipeline document")
    }

    /// Where the pipelines are stored, not through the proxy.
    pub(crate) fn store(&self) -> Store {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &self.servers.kafka);
        Store::new(client, NAMESPACE)
    }

    /// Copies what the servers have logged to a folder that stays.
    pub(crate) fn keep_logs(&self, to: &Path) -> anyhow::Result<()> {
        for entry in fs::read_dir(self.stack()?.data_dir().join("logs"))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), to.join(entry.file_name()))?;
            }
        }
        Ok(())
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.stack.stop().await
    }

    // The folder is ours alone: tempfile makes it with mode 0700.
    fn file(&self, name: &str, text: &str) -> anyhow::Result<String> {
        let path: PathBuf = self.dir.path().join(name);
        fs::write(&path, text).with_context(|| format!("write {name}"))?;
        Ok(path.to_string_lossy().into_owned())
    }
}
