//! Promises of the admin API and the sink together: whatever is asked for over HTTP happens to the
//! rows, and nothing else does.

mod alone;
mod binary;
mod browser;
mod cookbook;
mod create;
mod kafka_rights;
mod life_cycle;
mod mistakes;
mod offsets;
mod own_broker;
mod replay;
mod retention;
mod world;
