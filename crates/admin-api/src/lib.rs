//! REST calls and page views in, pipelines and what is known about them out.
//!
//! ```text
//! gate::finish -> gate::admit -> role of the route -> rest, page -> store, kafka, registry, clickhouse
//! ```
//!
//! [`routes`] holds the one table of routes, each with its role; [`rest`] has a module per resource,
//! whose functions answer with plain structs for the REST API and the page alike; [`plan`] finds out
//! what a document would do; [`auth`] knows who somebody is.
//!
//! **Invariant:** contents of records and secrets never reach a log, an error or the audit.

pub mod auth;
mod chores;
pub mod config;
pub mod dead_letters;
mod gate;
pub mod kafka;
mod login;
mod metrics;
pub mod offsets;
mod openapi;
pub mod page;
pub mod plan;
pub mod problem;
pub mod rest;
pub mod routes;
mod run;
mod spans;
pub mod state;
mod tls;

pub use self::{
    auth::tokens,
    config::{Args, Config},
    run::{AdminApi, run},
};
