//! Moves records from Kafka topics into ClickHouse tables, schema-aware.
//!
//! The data path, in order: [`consume`] -> [`worker`] (which decodes and asks the state machine of
//! crate `deliver`) -> [`insert`], with bad records leaving through [`dead_letters`]. [`schemas`]
//! and [`positions`] answer what the worker must know and may not wait for; [`standing`] knows what
//! the table can promise; [`memory`] bounds what all workers hold. [`pipeline`] wires them together
//! and, unless pipelines are given as files, follows the stored ones: what their workers are to do
//! is in [`orders`], what they own on the [`board`], from which [`status`] reports. [`spans`] tells the
//! story of each batch to whoever collects traces.
//!
//! **Invariant:** an offset is committed only after every record below it is in ClickHouse or
//! acknowledged in the dead letters.

pub mod backoff;
pub mod batch;
pub mod board;
pub mod config;
pub mod consume;
pub mod dead_letters;
#[expect(unsafe_code, reason = "librdkafka tells these through its C interface alone")]
mod group_ffi;
pub mod insert;
pub mod instance;
pub mod kafka;
pub mod memory;
pub mod metrics;
pub mod mirrors;
pub mod orders;
pub mod pipeline;
pub mod positions;
pub mod schemas;
pub mod spans;
pub mod standing;
pub mod status;
pub mod topics;
pub mod worker;

pub use pipeline::run;
