//! What tests of more than one crate need: real servers, patience, faults.
//!
//! [`stack`] gives every test binary of a run the same servers; tests keep apart by names that
//! nobody else has ([`unique`]). A test that stops, freezes or reconfigures a server takes
//! [`own_stack`] instead.

pub mod avro;
mod binary;
mod choose;
mod clickhouse;
mod collector;
mod containers;
mod eventually;
mod kafka;
mod levers;
mod markdown;
mod metrics;
mod migrations;
mod own;
mod proxy;
mod registry;
mod servers;
mod shared;
pub mod tls;

pub use clickhouse::ClickHouse;
pub use collector::{Collector, Span};
pub use containers::Containers;
pub use eventually::{eventually, unique};
pub use kafka::{Committed, Group, Kafka, Message, Record};
pub use levers::Stack;
pub use local_stack::{Part, Settings, Signal};
pub use markdown::between_comments;
pub use metrics::expect_documented;
pub use migrations::{Migrated, Migrations};
pub use own::{OwnStack, own_stack};
pub use proxy::Proxy;
pub use registry::Registry;
pub use servers::{Servers, User, stack};
