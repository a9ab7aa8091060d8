//! A wish where a pipeline shall go on in, what that would do to each partition out.
//!
//! [`plan()`] only looks. What it says is carried out by whoever owns the partitions; the rows
//! that would land twice are removed by [`delete_rows()`]. [`ask`] questions Kafka, [`resolve`]
//! turns the answers into offsets, [`table`] finds the first record that never arrived,
//! [`settled`] knows the records that have become dead letters, [`reader`] reads a stretch of a
//! topic.

pub(crate) mod ask;
pub(crate) mod delete;
mod model;
mod plan;
pub(crate) mod reader;
mod resolve;
mod settled;
mod table;

pub use self::{
    delete::{Deleted, delete_rows},
    model::{
        BelowLow, LeftAlone, Limits, OffsetsError, PartitionOffset, PartitionPlan, Plan, Progress,
        Subject, Way,
    },
    plan::plan,
};
