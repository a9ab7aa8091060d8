//! Answers of the runtime in, events of the machine out.

use std::{collections::HashMap, time::Instant};

use decode::Frozen;
use deliver::{Epoch, Event, Offset, RangeId, RecordId, TopicId, TopicPartition};

use super::{BeginAnew, Worker};
use crate::{
    positions::Positions,
    schemas::{Outcome, PlanKey},
};

/// What the runtime tells a worker.
#[derive(Debug)]
pub enum Answer {
    /// Where newly assigned partitions start.
    Positions(Positions),
    /// What became of a request for a plan.
    Plan(PlanKey, Outcome),
    /// A batch is in ClickHouse. Its block comes back for its buffers.
    Inserted(RangeId, Frozen),
    /// A batch was refused for good.
    InsertFailed(RangeId),
    /// Neither its token nor the table's rows say whether a batch is in ClickHouse.
    InsertUnprovable(RangeId),
    /// A batch was not inserted: when that was asked, another topic had the name of the one that
    /// its records are of.
    TopicRecreated(RangeId, TopicId),
    /// Which topics have the names that are read, and since when that was asked.
    Topics(Instant, HashMap<String, TopicId>),
    /// The table has changed, so that a block made for it does not fit any more.
    TableChanged,
    /// First and last offsets of partitions that the consumer could not go on from.
    Watermarks(Vec<(TopicPartition, Offset, Offset)>),
    /// A partition has no record below an offset.
    Passed(TopicPartition, Epoch, Offset),
    /// A dead letter is acknowledged.
    DeadLetterAcked(RecordId),
}

impl Worker<'_> {
    /// Takes what the runtime has answered.
    pub(super) fn hear(&mut self) -> anyhow::Result<()> {
        while let Ok(answer) = self.answers.1.try_recv() {
            match answer {
                Answer::Positions(found) => {
                    self.machine.set_partitions_total(found.partitions_total);
                    self.board.set_topics(found.assignments.iter());
                    self.assigned_at = Instant::now();
                    self.tell(Event::Assigned(found.assignments))?;
                }
                Answer::Plan(key, outcome) => {
                    self.plans.answered(key, outcome);
                    self.tell_window()?;
                }
                Answer::Inserted(range, block) => {
                    self.spare.keep(block);
                    self.tell(Event::Inserted(range))?;
                }
                Answer::InsertFailed(range) => {
                    self.spans.refused(&range, "insert-refused");
                    self.tell(Event::InsertFailed(range))?;
                }
                Answer::InsertUnprovable(range) => {
                    self.spans.refused(&range, "range-unprovable");
                    self.tell(Event::InsertUnprovable(range))?;
                }
                Answer::TopicRecreated(range, id) => {
                    let topic = range.partition.topic.to_string();
                    self.tell(Event::TopicIs { topic, id })?;
                    self.spans.refused(&range, "topic-recreated");
                    self.tell(Event::InsertFailed(range))?;
                }
                Answer::Topics(asked, topics) => self.topics_are(asked, topics)?,
                // What is recorded is read again and made into blocks of the table as it is now.
                Answer::TableChanged => return Err(BeginAnew("table-changed").into()),
                Answer::Watermarks(ends) => self.stop_outside(&ends)?,
                Answer::Passed(partition, epoch, next) => {
                    self.tell(Event::Passed { partition, epoch, next })?;
                }
                Answer::DeadLetterAcked(record) => self.tell(Event::DeadLetterAcked(record))?,
            }
        }
        Ok(())
    }
}
