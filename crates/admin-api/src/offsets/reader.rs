//! A stretch of a partition in, its records one by one out.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::BorrowedMessage,
    types::RDKafkaErrorCode,
};
use tokio_util::sync::CancellationToken;

use super::model::OffsetsError;

/// Longest wait for a record before the clock is looked at.
const POLL_MAX: Duration = Duration::from_millis(100);

/// Reads stretches of topics, in no group and without committing anything. Its methods block.
pub(crate) struct Reader {
    consumer: BaseConsumer,
    deadline: Instant,
    stop: CancellationToken,
}

/// A stretch of a partition, from `from` on and below `to`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Reader {
    /// Gives up at `deadline` and when `stop` is cancelled.
    pub(crate) fn new(
        client: &ClientConfig,
        namespace: &str,
        deadline: Instant,
        stop: CancellationToken,
    ) -> Result<Self, OffsetsError> {
        let consumer = client
            .clone()
            // The library wants a group's name to assign by hand; nothing joins or commits.
            .set("group.id", format!("{namespace}.admin-api"))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            .set("allow.auto.create.topics", "false")
            .set("auto.offset.reset", "error")
            .set("queued.max.messages.kbytes", "16384")
            .set("fetch.wait.max.ms", "50")
            .set("fetch.queue.backoff.ms", "10")
            .create()
            .map_err(OffsetsError::kafka("create a reader"))?;
        Ok(Self { consumer, deadline, stop })
    }

    pub(crate) fn consumer(&self) -> &BaseConsumer {
        &self.consumer
    }

    /// Calls `each` with every record of the stretch, in order, until it breaks. Returns what it
    /// broke with.
    pub(crate) fn read<T>(
        &self,
        stretch: Stretch<'_>,
        mut each: impl FnMut(&BorrowedMessage<'_>) -> ControlFlow<T>,
    ) -> Result<Option<T>, OffsetsError> {
        let Stretch { topic, partition, from, to } = stretch;
        let what = || format!("read {topic}/{partition} from {from}");
        let mut next = from;
        let mut ended = false;
        self.start(stretch, next)?;
        while next < to {
            if self.stop.is_cancelled() || Instant::now() >= self.deadline {
                return Err(OffsetsError::TimedOut(what()));
            }
            let message = match self.consumer.poll(POLL_MAX) {
                None => continue,
                Some(Ok(message)) => message,
                // Where offsets at the end have no record, only this tells. It does not say of
                // which topic, so it must come twice, the second time after a new start.
                Some(Err(KafkaError::PartitionEOF(at))) if at == partition => {
                    if ended {
                        return Ok(None);
                    }
                    ended = true;
                    self.start(stretch, next)?;
                    continue;
                }
                Some(Err(error)) if passes(&error) => continue,
                Some(Err(error)) => return Err(OffsetsError::kafka(what())(error)),
            };
            let ours = message.topic() == topic && message.partition() == partition;
            if !ours || message.offset() < next {
                continue;
            }
            ended = false;
            next = message.offset().saturating_add(1);
            if message.offset() >= to {
                return Ok(None);
            }
            if let ControlFlow::Break(found) = each(&message) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn start(&self, stretch: Stretch<'_>, at: i64) -> Result<(), OffsetsError> {
        let Stretch { topic, partition, to, .. } = stretch;
        if at >= to {
            return Ok(());
        }
        let mut assignment = TopicPartitionList::new();
        assignment
            .add_partition_offset(topic, partition, Offset::Offset(at))
            .and_then(|()| self.consumer.assign(&assignment))
            .map_err(OffsetsError::kafka(format!("read {topic}/{partition} from {at}")))
    }
}

/// Whether the client mends it by itself: connections that broke.
fn passes(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, OperationTimedOut, Resolve};
    let code = error.rdkafka_error_code();
    let mended = [AllBrokersDown, BrokerTransportFailure, OperationTimedOut, Resolve];
    matches!(error, KafkaError::PartitionEOF(_)) || code.is_some_and(|code| mended.contains(&code))
}
