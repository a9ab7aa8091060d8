//! The client against servers. One module per promise.

mod limits;
mod patience;
mod refusals;
mod registry;
mod server;
mod sharing;
mod tls;
