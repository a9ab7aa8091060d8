//! Generates events and writes them to a Kafka topic, encoded as the schema registry knows them.
//!
//! ```text
//! pace -> sales (draw) -> encode -> librdkafka -> acknowledge -> stats, metrics
//!  ^ /rate, /pause, /resume
//! ```
//!
//! One thread of its own does all of it, see `generate`; tokio serves HTTP and starts and stops
//! that thread, see [`Producer`].
//!
//! * **Only acknowledged events count**: an event is counted when all in-sync replicas have it.
//!   The idempotent producer keeps retries from writing one twice.
//! * **An event that cannot be delivered ends the run** with an error, after librdkafka has tried
//!   for `message.timeout.ms`: the numbers of a run are never quietly too low.
//! * **Same seed, same events**: identifiers, stores, articles, prices, all but the time, and that
//!   too when `workload.first_ts_ms` is set.
//! * **The contract with readers is the topic and `schemas/sales.avsc`**: Confluent framing (0, then
//!   the schema id as four bytes, most significant first, then the datum), keyed by the store's
//!   number as text, so that the events of a store stay in order.

mod acknowledge;
mod config;
mod draw;
mod encode;
mod generate;
mod http;
mod metrics;
mod pace;
mod pipeline;
mod properties;
mod sales;
mod steer;
mod topic;

pub use acknowledge::{AcknowledgedOffsets, Stats};
pub use config::{Args, Config, Kafka, Secrets, Workload, WorkloadName};
pub use encode::Encoder;
pub use pipeline::{Handle, Producer, run};
pub use sales::{SALES_SCHEMA, Sale, Sales};
