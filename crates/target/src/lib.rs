//! ClickHouse, seen from a pipeline: frozen blocks and statements in, landed rows, table layouts
//! and classified errors out.
//!
//! [`insert()`](Target::insert) sends one block with the settings of [`pinned`];
//! [`inspect()`](Target::inspect) and [`ddl`] work with the account that may look and create;
//! [`guarantee()`](Target::guarantee) says what can be promised for a table;
//! [`row_check`] counts which rows of a range are there; [`classify`] is the one place where a
//! server's error becomes a decision.
//!
//! **Invariant:** a block is sent whole, with the same settings at every attempt: a token
//! protects only what the server splits alike.

pub mod classify;
mod client;
pub mod ddl;
pub mod guarantee;
pub mod holes;
pub mod insert;
pub mod inspect;
pub mod parse;
pub mod pinned;
pub mod remove;
pub mod rights;
pub mod row_check;
pub mod server_error;
pub mod settings;

pub use classify::Disposition;
pub use client::{Target, TargetError};
pub use guarantee::{Delivery, Finding, FindingKind, Guarantee, GuaranteeOptions, PlannedTable};
pub use holes::Hole;
pub use insert::{Insert, InsertError};
pub use inspect::{Inspected, View, ViewTarget, fits};
pub use remove::{RemoveError, RowsFrom};
pub use row_check::RowRange;
pub use server_error::ServerError;
pub use settings::{Compression, Settings, SettingsError};
