//! Nothing in, a ClickHouse of one's own until it is killed out: for the test that kills it.
//!
//! Prints one line of JSON: the URL, the administrator and the password.

use std::io::Write as _;

use secrecy::ExposeSecret as _;
use testkit::{Part, own_stack};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let own = own_stack(&[Part::ClickHouse], |_settings| {}).await?;
    let servers = own.servers()?;
    let admin = (&servers.admin.name, servers.admin.password.expose_secret());
    let line = serde_json::to_string(&(&servers.clickhouse_http, admin.0, admin.1))?;
    writeln!(std::io::stdout(), "{line}")?;
    std::future::pending().await
}
