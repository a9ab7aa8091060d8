//! Moves records from Kafka topics into ClickHouse tables, schema-aware.
//!
//! The data path, in order: [`consume`] -> [`worker`] (which decodes and asks the state machine of
//! crate `deliver`) -> [`insert`], with bad records leaving through [`dead_letters`]. [`schemas`]
//! and [`positions`] answer what the worker must know and may not wait for; [`standing`] knows what
//! the table can promise; [`memory`] bounds what all workers hold. [`pipeline`] wires them together.
//!
//! **Invariant:** an offset is committed only after every record below it is in ClickHouse or
//! acknowledged in the dead letters.

pub mod backoff;
pub mod batch;
pub mod config;
pub mod consume;
pub mod dead_letters;
#[expect(unsafe_code, reason = "librdkafka tells these through its C interface alone")]
mod group_ffi;
pub mod insert;
pub mod kafka;
pub mod memory;
pub mod metrics;
pub mod pipeline;
pub mod positions;
pub mod schemas;
pub mod standing;
pub mod worker;

pub use pipeline::run;
