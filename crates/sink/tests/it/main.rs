//! The sink's binary against real servers. One module per promise of the README.

mod bad_record;
mod clickhouse_outage;
mod exactly_once;
mod fixture;
mod guarantee;
mod kafka_outage;
mod kafka_security;
mod lands_once;
mod membership;
mod null_value;
mod offsets_lost;
mod own_broker;
mod process;
mod registry_hang;
mod retention;
mod schema_mismatch;
mod schema_versions;
mod shutdown;
mod start;
mod table_changes;
mod takeover;
mod unknown_ids;
mod window;
