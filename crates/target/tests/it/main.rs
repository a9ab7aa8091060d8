//! What `target` promises, one module per promise, on a real ClickHouse.

mod codes;
mod disposition;
mod fixture;
mod inspect;
mod native;
mod outage;
mod pinned;
mod replay;
mod tls;
