//! The promises of the store, held on a real Kafka.

mod audit;
mod follow;
mod outage;
mod status;
mod support;
mod topics;
mod update;
