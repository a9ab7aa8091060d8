//! What `target` promises, one module per promise, on a real ClickHouse.

mod accounts;
mod codes;
mod disposition;
mod fixture;
mod guarantee;
mod holes;
mod inspect;
mod migrations;
mod native;
mod outage;
mod panels;
mod parse;
mod pinned;
mod questions;
mod remove;
mod replay;
mod restart;
mod rights;
mod row_check;
mod servers;
mod shop;
mod sums;
mod table_changes;
mod tls;
mod window;
