//! Settings of a service in, settings of its clients of Kafka and of the schema registry out.
//!
//! What every service is told about the two in the same way: addresses, librdkafka's properties,
//! which of them it keeps for itself, passwords, tokens and certificates. And what a topic's
//! settings are, which the client library tells in a way that is easily misread.

pub mod kafka;
pub mod registry;
pub mod topic;
