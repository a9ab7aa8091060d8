//! A running stack in, what can be seen of it from outside out: offsets, rows, freshness.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use local_stack::Stack;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::task::spawn_blocking;

use crate::{
    freshness::Histogram,
    services::{GROUP, PIPELINE, TABLE, TOPIC},
};

/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Partition to offset.
pub(crate) type Offsets = BTreeMap<i32, i64>;

/// Asks the servers how things are, as an onlooker: it joins no group and writes nothing.
#[derive(Clone)]
pub(crate) struct Watch {
    kafka: Arc<BaseConsumer>,
    http: reqwest::Client,
    clickhouse: String,
    password: SecretString,
    sink: String,
}

/// What the sink's metrics say.
#[derive(Clone, Debug, Default)]
pub(crate) struct SinkView {
    pub(crate) freshness: Histogram,
    /// Why partitions of our own pipeline have stopped. Others' are the business of whoever made
    /// them; the page shows those.
    pub(crate) stopped: Vec<String>,
}

/// Rows in a range of offsets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) rows: u64,
    pub(crate) distinct_offsets: u64,
}

impl Watch {
    /// Prepares to look at `stack` and the sink that serves at `sink`.
    pub(crate) fn new(stack: &Stack, sink: &str) -> anyhow::Result<Self> {
        let brokers = stack.addresses().kafka.clone().unwrap_or_default();
        let kafka = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", GROUP) // to read its offsets; it is never joined
            .set("enable.auto.commit", "false")
            .create()
            .context("create Kafka client")?;
        let http = reqwest::Client::builder().timeout(ANSWER_MAX).build().context("http client")?;
        Ok(Self {
            kafka: Arc::new(kafka),
            http,
            clickhouse: stack.addresses().clickhouse_http.clone().unwrap_or_default(),
            password: stack.credentials().reader.password.clone(),
            sink: sink.to_owned(),
        })
    }

    /// Ends of all partitions of `topic`; empty when there is no such topic.
    pub(crate) async fn ends(&self, topic: &'static str) -> anyhow::Result<Offsets> {
        let kafka = self.kafka.clone();
        let ask = move || -> anyhow::Result<Offsets> {
            let metadata = kafka.fetch_metadata(None, ANSWER_MAX).context("list topics")?;
            let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
                return Ok(Offsets::new());
            };
            let end = |id| -> anyhow::Result<(i32, i64)> {
                let (_, end) = kafka
                    .fetch_watermarks(topic, id, ANSWER_MAX)
                    .with_context(|| format!("read end of {topic}:{id}"))?;
                Ok((id, end))
            };
            found.partitions().iter().map(|partition| end(partition.id())).collect()
        };
        spawn_blocking(ask).await.context("read offsets")?
    }

    /// What the sink has committed, for each partition in `ends`; 0 where it has not yet.
    pub(crate) async fn committed(&self, ends: &Offsets) -> anyhow::Result<Offsets> {
        let kafka = self.kafka.clone();
        let mut list = TopicPartitionList::new();
        for partition in ends.keys() {
            list.add_partition(TOPIC, *partition);
        }
        let ask = move || kafka.committed_offsets(list, ANSWER_MAX);
        let found = spawn_blocking(ask).await.context("read offsets")?;
        let found = found.context("read committed offsets")?;
        let offset = |raw| if let Offset::Offset(offset) = raw { offset } else { 0 };
        Ok(found.elements().iter().map(|one| (one.partition(), offset(one.offset()))).collect())
    }

    /// Rows of the table.
    pub(crate) async fn count(&self) -> anyhow::Result<u64> {
        // The table is created with the first event.
        let sql = "SELECT sum(total_rows) FROM system.tables WHERE database = 'shop' AND \
                   name = 'sales'";
        let answer = self.ask(sql.to_owned()).await?;
        Ok(answer.trim().parse().unwrap_or(0))
    }

    /// Rows whose offsets are in `from..to` of each partition.
    pub(crate) async fn rows_between(&self, from: &Offsets, to: &Offsets) -> anyhow::Result<Rows> {
        let ranges: Vec<String> = to
            .iter()
            .map(|(partition, end)| {
                let start = from.get(partition).copied().unwrap_or(0);
                format!("(_partition = {partition} AND _offset >= {start} AND _offset < {end})")
            })
            .collect();
        if ranges.is_empty() {
            return Ok(Rows::default());
        }
        let sql = format!(
            "SELECT count(), uniqExact(_topic, _partition, _offset) FROM {TABLE} \
             WHERE _topic = '{TOPIC}' AND ({})",
            ranges.join(" OR ")
        );
        let answer = self.ask(sql).await?;
        let mut numbers = answer.split_whitespace().map(str::parse);
        let mut number = || numbers.next().context("count rows")?.context("count rows");
        Ok(Rows { rows: number()?, distinct_offsets: number()? })
    }

    /// What the sink says about itself.
    pub(crate) async fn sink(&self) -> anyhow::Result<SinkView> {
        let url = format!("{}/metrics", self.sink);
        let answer = self.http.get(url).send().await.context("ask the sink")?;
        let text = answer.text().await.context("ask the sink")?;
        Ok(SinkView { freshness: Histogram::parse(&text), stopped: stopped(&text) })
    }

    /// Whether the sink is ready.
    pub(crate) async fn sink_is_ready(&self) -> bool {
        let answer = self.http.get(format!("{}/readyz", self.sink)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    async fn ask(&self, sql: String) -> anyhow::Result<String> {
        let answer = self
            .http
            .post(&self.clickhouse)
            .header("X-ClickHouse-User", "reader")
            .header("X-ClickHouse-Key", self.password.expose_secret())
            .body(sql)
            .send()
            .await
            .context("ask ClickHouse")?;
        let status = answer.status();
        let text = answer.text().await.context("ask ClickHouse")?;
        ensure!(status.is_success(), "ClickHouse answered {status}: {}", text.trim());
        Ok(text)
    }
}

/// Records between `committed` and `ends`.
pub(crate) fn lag(ends: &Offsets, committed: &Offsets) -> i64 {
    let behind = |(partition, end): (&i32, &i64)| {
        (end - committed.get(partition).copied().unwrap_or(0)).max(0)
    };
    ends.iter().map(behind).sum()
}

/// Why partitions of our own pipeline have stopped, from the sink's metrics.
fn stopped(metrics: &str) -> Vec<String> {
    let ours = format!("pipeline=\"{PIPELINE}\"");
    metrics
        .lines()
        .filter_map(|line| line.strip_prefix("penstock_sink_stopped_partitions{"))
        .filter(|line| line.contains(&ours) && !line.ends_with(" 0"))
        .filter_map(|line| Some(line.split_once("reason=\"")?.1.split_once('"')?.0.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests;
