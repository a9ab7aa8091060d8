//! The sink's binary against real servers. One module per promise of the README.

mod bad_record;
mod clickhouse_outage;
mod fixture;
mod kafka_security;
mod lands_once;
mod null_value;
mod registry_hang;
mod schema_mismatch;
mod schema_versions;
mod shutdown;
mod start;
