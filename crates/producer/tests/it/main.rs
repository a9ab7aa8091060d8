//! The producer on a real Kafka and a real registry. One module per promise.

mod acknowledged;
mod fixture;
mod healthcheck;
mod measured;
mod refused;
mod seed;
mod steering;
mod stopping;
