//! A worker that ends in, the reason and an empty place in the group out.

use std::{
    fmt,
    time::{Duration, Instant},
};

use rdkafka::consumer::Consumer as _;

use super::{POLL_MAX, Worker};
use crate::consume::{Rebalance, list};

/// How a worker ended.
#[derive(Debug)]
pub enum Ended {
    /// It was told to stop, and all it held is written.
    Stopped,
    /// Fail-stop: it gave up all it held, without committing. A fresh worker must take its place
    /// and begin with what is committed.
    BeginAnew {
        /// For metrics.
        reason: &'static str,
        /// For a person.
        detail: String,
    },
}

/// A reason to begin anew that is no failure of something else.
#[derive(Debug)]
pub(super) struct BeginAnew(pub(super) &'static str);

impl fmt::Display for BeginAnew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BeginAnew {}

impl Worker<'_> {
    /// Leaves the group, so that others take over at once, and drops the consumer. A consumer
    /// that owns partitions may only be dropped once it answers its last revoke by itself.
    pub(super) fn leave(mut self) {
        self.ended.cancel();
        self.epochs.cancel_all();
        self.spans.all_given_up();
        self.board.leave(self.number);
        self.metrics.left_with(self.owned);
        self.epochs.take_stopped().for_each(|reason| self.metrics.stop_ended(reason));
        self.consumer.context().close();
        while let Some(event) =
            self.rebalance.take().or_else(|| self.consumer.context().next_event())
        {
            let answered = match event {
                Rebalance::Assign(partitions) => {
                    self.consumer.incremental_assign(&list(&partitions))
                }
                Rebalance::Revoke(partitions) => {
                    self.consumer.incremental_unassign(&list(&partitions))
                }
                Rebalance::Failed(_) => Ok(()),
            };
            if let Err(error) = answered {
                tracing::debug!(%error, "change of the group not answered while leaving");
            }
        }
        self.consumer.unsubscribe();
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            self.pulse.beat();
            if self.consumer.poll(POLL_MAX).is_none()
                && self.consumer.assignment().is_ok_and(|assigned| assigned.count() == 0)
            {
                return;
            }
        }
        tracing::warn!(pipeline = self.pipeline.name, "left without an answer of the group");
    }
}
