//! Servers of our own in, settings for the processes that are measured out.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::Parser as _;
use secrecy::ExposeSecret as _;
use sink::config::Config;
use tempfile::TempDir;
use testkit::{ClickHouse, Kafka, OwnStack, Part, Servers, own_stack};
use tokio::time;

use crate::usage::cpu_seconds;

/// Longest wait for anything that is known to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// A window in which servers are seen to be idle.
const QUIET_WINDOW: Duration = Duration::from_millis(500);
/// CPU that a server at rest may use in such a window: a tenth of a core.
const QUIET_CPU_S: f64 = 0.05;
/// A machine that is busy with other things is measured as it is after so long.
const QUIET_WITHIN: Duration = Duration::from_secs(60);

/// The servers, and a folder for settings.
#[derive(Debug)]
pub(crate) struct Scene {
    stack: OwnStack,
    servers: Servers,
    dir: TempDir,
    /// Events of each round.
    pub(crate) events: u64,
    pub(crate) partitions: i32,
}

impl Scene {
    pub(crate) async fn start(events: u64, partitions: i32) -> anyhow::Result<Self> {
        let stack = own_stack(&[Part::Kafka, Part::Registry, Part::ClickHouse], |_| {}).await?;
        let servers = stack.servers()?;
        let dir = TempDir::new().context("make a folder for settings")?;
        Ok(Self { stack, servers, dir, events, partitions })
    }

    pub(crate) fn kafka(&self) -> Kafka {
        self.servers.kafka()
    }

    /// As `admin`.
    pub(crate) fn clickhouse(&self) -> ClickHouse {
        self.servers.clickhouse()
    }

    /// CPU seconds that ClickHouse has used since it started.
    pub(crate) fn clickhouse_cpu_s(&self) -> anyhow::Result<f64> {
        cpu_seconds(self.pid(Part::ClickHouse)?)
    }

    fn pid(&self, part: Part) -> anyhow::Result<u32> {
        self.stack.stack().local()?.pid(part).with_context(|| format!("{part} does not run"))
    }

    /// Rows of a table; none while there is no such table.
    pub(crate) async fn rows(&self, table: &str) -> u64 {
        self.clickhouse().count(&format!("SELECT count() FROM {table}")).await.unwrap_or(0)
    }

    /// Drops a table, so that it costs nothing in what is measured next.
    pub(crate) async fn drop_table(&self, table: &str) -> anyhow::Result<()> {
        self.clickhouse().query(&format!("DROP TABLE {table} SYNC")).await.map(drop)
    }

    /// Waits until Kafka and ClickHouse are idle: nothing is left to merge or to write back.
    pub(crate) async fn quiet(&self) -> anyhow::Result<()> {
        let until = Instant::now() + QUIET_WITHIN;
        let pids = [self.pid(Part::Kafka)?, self.pid(Part::ClickHouse)?];
        let used = || -> anyhow::Result<Vec<f64>> { pids.into_iter().map(cpu_seconds).collect() };
        let mut before = used()?;
        while Instant::now() < until {
            time::sleep(QUIET_WINDOW).await;
            let now = used()?;
            let busy = before.iter().zip(&now).any(|(before, now)| now - before > QUIET_CPU_S);
            if !busy && self.merges().await? == 0 {
                return Ok(());
            }
            before = now;
        }
        crate::progress("the servers do not come to rest: measuring all the same");
        Ok(())
    }

    async fn merges(&self) -> anyhow::Result<u64> {
        self.clickhouse().count("SELECT count() FROM system.merges").await
    }

    /// Arguments of a producer of `events` events into `topic`, at `rate` events per second or,
    /// with 0, as fast as possible. Everything else is as shipped, but for the seed: all rounds
    /// are about the same sales.
    pub(crate) fn producer(
        &self,
        topic: &str,
        events: u64,
        rate: u32,
    ) -> anyhow::Result<Vec<OsString>> {
        let Servers { kafka, registry, .. } = &self.servers;
        let config = format!(
            "[kafka]\nbrokers = {kafka:?}\ntopic = {topic:?}\npartitions = {}\n\
             [registry]\nurl = {registry:?}\n\
             [workload]\nevents = {events}\nrate_per_sec = {rate}\nseed = 1\n\
             [service]\nhttp = \"127.0.0.1:0\"\n",
            self.partitions
        );
        let config = self.file(&format!("producer-{topic}.toml"), &config)?;
        Ok(vec!["--config".into(), config.into()])
    }

    /// Arguments of a sink that moves `topic` into `table` of `shop`: addresses, and otherwise
    /// what is shipped.
    pub(crate) fn sink(
        &self,
        name: &str,
        topic: &str,
        table: &str,
    ) -> anyhow::Result<Vec<OsString>> {
        let Servers { kafka, registry, clickhouse_http, sink, schema, .. } = &self.servers;
        let config = format!(
            "[kafka]\nbrokers = {kafka:?}\n[registry]\nurl = {registry:?}\n\
             [clickhouse]\nurl = {clickhouse_http:?}\nuser = {:?}\nschema_user = {:?}\n\
             [service]\nhttp = \"127.0.0.1:0\"\n",
            sink.name, schema.name
        );
        let pipeline = format!(
            "name: {name}\nsource: {{topics: [{topic}]}}\n\
             target: {{database: shop, table: {table}, order_by: [store_id, ts]}}\n"
        );
        let secret = |user: &testkit::User| {
            self.file(&format!("password-{}", user.name), user.password.expose_secret())
        };
        Ok(vec![
            "--config".into(),
            self.file("sink.toml", &config)?.into(),
            "--pipeline".into(),
            self.file(&format!("{name}.yaml"), &pipeline)?.into(),
            "--clickhouse-password-file".into(),
            secret(sink)?.into(),
            "--clickhouse-schema-password-file".into(),
            secret(schema)?.into(),
        ])
    }

    /// The settings of such a sink, as it would read them.
    pub(crate) fn sink_config(
        &self,
        name: &str,
        topic: &str,
        table: &str,
    ) -> anyhow::Result<Config> {
        let args = self.sink(name, topic, table)?;
        let args = std::iter::once(OsString::from("sink")).chain(args);
        Config::load(&sink::config::Args::try_parse_from(args)?)
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.stack.stop().await
    }

    // The folder is ours alone: tempfile makes it with mode 0700.
    fn file(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path: &Path = self.dir.path();
        let path = path.join(name);
        fs::write(&path, text).with_context(|| format!("write {name}"))?;
        Ok(path)
    }
}
