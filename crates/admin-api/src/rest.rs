//! The REST API: one module per resource, and the table of its routes.
//!
//! The public functions of a module take the [`App`](crate::state::App) and plain values, and answer
//! with plain structs: handlers here and pages call the same.

pub mod audit;
pub mod connectors;
pub mod contents;
pub mod dead_letters;
pub mod document;
pub mod lines;
pub mod offsets;
pub mod paging;
pub mod pipelines;
pub mod producer;
pub mod subjects;
mod table;
pub mod topics;

pub(crate) use self::table::routes;
