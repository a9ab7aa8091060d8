//! What `target` promises, one module per promise, on a real ClickHouse.

mod accounts;
mod codes;
mod disposition;
mod fixture;
mod guarantee;
mod inspect;
mod native;
mod outage;
mod pinned;
mod replay;
mod restart;
mod row_check;
mod servers;
mod table_changes;
mod tls;
mod window;
