//! Promises of the admin API and the sink together: whatever is asked for over HTTP happens to the
//! rows, and nothing else does.

mod browser;
mod cookbook;
mod create;
mod life_cycle;
mod offsets;
mod replay;
mod world;
