//! Settings of a service in, settings of its clients of Kafka and of the schema registry out.
//!
//! What every service is told about the two in the same way: addresses, librdkafka's properties,
//! which of them it keeps for itself, passwords, tokens and certificates.

pub mod kafka;
pub mod registry;
