//! Kafka in; records, and changes of the group, out.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use deliver::TopicPartition;
use rdkafka::{
    ClientConfig, ClientContext, Offset, TopicPartitionList,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    error::{KafkaError, KafkaResult},
    statistics::Statistics,
    types::RDKafkaRespErr,
};

use crate::{
    board::Board,
    metrics::{LagShare, PipelineMetrics},
};

/// A consumer whose group changes are taken from a queue.
pub type Consumer = BaseConsumer<Context>;

/// How often librdkafka tells its statistics, of which the sink uses the lag.
const STATISTICS_MS: &str = "2000";

const ASSIGN: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
const REVOKE: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS;

/// A change of the group, copied out of librdkafka's callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// These partitions are ours now. May be empty; it must be answered all the same.
    Assign(Vec<TopicPartition>),
    /// The group wants these partitions back.
    Revoke(Vec<TopicPartition>),
    /// The group has a problem of its own.
    Failed(String),
}

/// What librdkafka calls back. It only copies: a callback runs inside a poll, where nothing may
/// wait, and the worker alone decides when a change of the group is answered.
#[derive(Debug)]
pub struct Context {
    events: Mutex<VecDeque<Rebalance>>,
    /// When leaving, nobody takes events any more: the callback answers by itself then, since a
    /// consumer that owns partitions cannot be dropped before its last revoke is answered.
    closing: AtomicBool,
    lag: LagShare,
    board: Arc<Board>,
}

impl Context {
    /// Takes the oldest change of the group that has not been taken.
    pub fn next_event(&self) -> Option<Rebalance> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Lets the callback answer by itself from now on.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }
}

impl ClientContext for Context {
    fn stats(&self, statistics: Statistics) {
        let topics = statistics.topics.iter();
        let ends = topics.flat_map(|(topic, found)| {
            let ends = found.partitions.values();
            let ends = ends.map(|one| (TopicPartition::new(topic, one.partition), one.ls_offset));
            ends.filter(|(_, end)| *end >= 0)
        });
        self.board.raise_ends(ends);
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        // -1 means unknown, or that the partition belongs to another consumer.
        let lags = partitions.map(|partition| partition.consumer_lag).filter(|lag| *lag >= 0);
        self.lag.set(lags.sum());
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // Connections come and go by themselves: the worker tells what lasts.
        tracing::debug!(%error, reason, "kafka client");
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        if self.closing.load(Ordering::Acquire) {
            let answered = if code == ASSIGN {
                consumer.incremental_assign(partitions)
            } else {
                consumer.incremental_unassign(partitions)
            };
            if let Err(error) = answered {
                tracing::debug!(%error, "change of the group not answered while leaving");
            }
            return;
        }
        let copied = partitions
            .elements()
            .iter()
            .map(|element| TopicPartition::new(element.topic(), element.partition()))
            .collect();
        let event = if code == ASSIGN {
            Rebalance::Assign(copied)
        } else if code == REVOKE {
            Rebalance::Revoke(copied)
        } else {
            Rebalance::Failed(format!("{code:?}"))
        };
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push_back(event);
    }
}

/// What a consumer of `group` is made with. `client` holds what all our clients have in common;
/// `worker` tells the workers of a process apart.
#[must_use]
pub fn settings(
    mut client: ClientConfig,
    group: &str,
    worker: &str,
    fetched_kilobytes: usize,
) -> ClientConfig {
    let defaults = [
        // Librdkafka's own 1000 ms stalls a backlog of small records: it sleeps that long each
        // time its queue was full.
        ("fetch.queue.backoff.ms", "20"),
        ("queued.min.messages", "500000"),
        ("fetch.wait.max.ms", "50"),
        ("topic.metadata.refresh.interval.ms", "60000"),
    ];
    for (key, value) in defaults {
        if client.get(key).is_none() {
            client.set(key, value);
        }
    }
    // The other protocol has its strategies on the broker and refuses ours.
    if client.get("group.protocol").is_none_or(|protocol| protocol == "classic") {
        client.set("partition.assignment.strategy", "cooperative-sticky");
    }
    // Each consumer of a process is a member of its own.
    if let Some(instance) = client.get("group.instance.id") {
        let instance = format!("{instance}-{worker}");
        client.set("group.instance.id", instance);
    }
    client
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error") // never skip silently what is gone
        .set("enable.partition.eof", "false")
        .set("isolation.level", "read_committed")
        .set("queued.max.messages.kbytes", fetched_kilobytes.to_string())
        .set("statistics.interval.ms", STATISTICS_MS);
    client
}

/// What a pipeline reads.
#[derive(Clone, Debug)]
pub struct Source {
    /// The topics of its document.
    pub topics: Vec<String>,
    /// Where its replayed dead letters come from, if it reads them.
    pub replay: Option<Arc<str>>,
}

impl Source {
    /// All topics.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.topics.iter().cloned().chain(self.replay.as_deref().map(str::to_owned)).collect()
    }

    /// Whether `topic` is that of replayed dead letters.
    #[must_use]
    pub fn is_replay(&self, topic: &str) -> bool {
        self.replay.as_deref() == Some(topic)
    }
}

/// Joins the group of a pipeline.
///
/// # Errors
///
/// When librdkafka refuses a setting or the subscription.
pub fn join(
    client: &ClientConfig,
    topics: &[String],
    metrics: &PipelineMetrics,
    board: Arc<Board>,
) -> KafkaResult<Consumer> {
    let context = Context {
        events: Mutex::new(VecDeque::new()),
        closing: AtomicBool::new(false),
        lag: metrics.lag_share(),
        board,
    };
    let consumer = Consumer::from_config_and_context(client, context)?;
    let names: Vec<&str> = topics.iter().map(String::as_str).collect();
    consumer.subscribe(&names)?;
    Ok(consumer)
}

/// The partitions as librdkafka lists them, without offsets.
#[must_use]
pub fn list(partitions: &[TopicPartition]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for id in partitions {
        list.add_partition(&id.topic, id.partition);
    }
    list
}

/// The partitions as librdkafka lists them, each with its offset.
///
/// # Errors
///
/// When librdkafka refuses an offset, which only negative ones are.
pub fn list_at<'id>(
    partitions: impl Iterator<Item = (&'id TopicPartition, deliver::Offset)>,
) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (id, offset) in partitions {
        list.add_partition_offset(&id.topic, id.partition, Offset::Offset(offset.raw()))?;
    }
    Ok(list)
}
