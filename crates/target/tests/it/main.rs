//! What `target` promises, one module per promise, on a real ClickHouse.

mod accounts;
mod codes;
mod disposition;
mod fixture;
mod guarantee;
mod holes;
mod inspect;
mod native;
mod outage;
mod parse;
mod pinned;
mod remove;
mod replay;
mod restart;
mod rights;
mod row_check;
mod servers;
mod table_changes;
mod tls;
mod window;
