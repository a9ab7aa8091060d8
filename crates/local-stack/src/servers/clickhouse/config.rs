//! Ports, paths and accounts in, the server's two XML files out.

use std::path::Path;

use crate::{error::Error, ports::Chosen, users::Credentials};

/// The table engines that `schema` may use: those that keep rows, on this machine.
const ENGINES: [&str; 8] = [
    "MergeTree",
    "ReplacingMergeTree",
    "SummingMergeTree",
    "AggregatingMergeTree",
    "CollapsingMergeTree",
    "VersionedCollapsingMergeTree",
    "CoalescingMergeTree",
    "Null",
];

/// `config.xml`: listeners on this machine only, and the appetite of a laptop.
///
/// There are no system log tables but the ones ClickHouse makes without being asked, so they
/// cost neither CPU nor disk.
pub(super) fn server(ports: &Chosen, users: &Path, log: &Path, memory_mib: u32) -> String {
    let (users, log) = (xml(&users.to_string_lossy()), xml(&log.to_string_lossy()));
    let basics = basics(ports, memory_mib);
    format!(
        "<clickhouse>
{basics}  <users_config>{users}</users_config>
  <logger><log>{log}</log><size>10M</size><count>2</count></logger>
  <log-level>warning</log-level>
</clickhouse>
"
    )
}

/// The same as a file of an image's `config.d`, where it is merged with what the image has:
/// the image's listeners go, because its network is that of the machine. What it listens on is
/// named twice there, and one removal removes one name.
pub(crate) fn server_of_image(ports: &Chosen, memory_mib: u32) -> String {
    let basics = basics(ports, memory_mib);
    format!(
        "<clickhouse>
  <listen_host remove=\"remove\"/>
  <listen_host remove=\"remove\"/>
{basics}  <logger><level>warning</level><console>1</console></logger>
  <mysql_port remove=\"remove\"/>
  <postgresql_port remove=\"remove\"/>
  <interserver_http_port remove=\"remove\"/>
</clickhouse>
"
    )
}

fn basics(ports: &Chosen, memory_mib: u32) -> String {
    let (http, native) = (ports.clickhouse_http, ports.clickhouse_native);
    let memory = u64::from(memory_mib) * 1024 * 1024;
    format!(
        "  <listen_host>127.0.0.1</listen_host>
  <http_port>{http}</http_port>
  <tcp_port>{native}</tcp_port>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <mark_cache_size>268435456</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <max_concurrent_queries>200</max_concurrent_queries>
  <background_pool_size>4</background_pool_size>
  <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
  <background_message_broker_schedule_pool_size>2</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>2</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>2</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>2</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
"
    )
}

/// `users.xml`: four accounts with hashed passwords, reachable from this machine only.
///
/// The engine itself needs an account `default` without a password for the session that opens
/// the listeners. That session never ends, and the account may have only one: nobody else can
/// log in as `default`, and there is next to nothing it may do.
pub(super) fn users(credentials: &Credentials, databases: &[String]) -> Result<String, Error> {
    let accounts = accounts(credentials, databases)?;
    Ok(format!(
        "<clickhouse>
  <profiles>
    <default/>
    <listener><max_sessions_for_user>1</max_sessions_for_user></listener>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>listener</profile>
      <quota>default</quota>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
    </default>
{accounts}  </users>
</clickhouse>
"
    ))
}

/// The same four accounts, and nobody else, as a file of an image's `users.d`.
pub(crate) fn users_of_image(
    credentials: &Credentials,
    databases: &[String],
) -> Result<String, Error> {
    let accounts = accounts(credentials, databases)?;
    Ok(format!(
        "<clickhouse>
  <users>
    <default remove=\"remove\"/>
{accounts}  </users>
</clickhouse>
"
    ))
}

fn accounts(credentials: &Credentials, databases: &[String]) -> Result<String, Error> {
    let scopes = databases.iter().map(|name| scope(name)).collect::<Result<Vec<_>, _>>()?;
    let on_each = |rights: &str| -> Vec<String> {
        scopes.iter().map(|scope| format!("GRANT {rights} ON {scope}")).collect()
    };
    let accounts = [
        (&credentials.sink, on_each("INSERT")),
        (
            &credentials.schema,
            on_each("SELECT, SHOW, CREATE DATABASE, CREATE TABLE, CREATE VIEW, ALTER")
                .into_iter()
                .chain(ENGINES.map(|engine| format!("GRANT TABLE ENGINE ON {engine}")))
                .collect(),
        ),
        (&credentials.reader, on_each("SELECT, SHOW")),
        (&credentials.admin, vec!["GRANT ALL ON *.* WITH GRANT OPTION".to_owned()]),
    ]
    .map(|(account, grants)| {
        let grants: String =
            grants.iter().map(|grant| format!("<query>{}</query>", xml(grant))).collect();
        let (user, hash) = (account.user, account.password_sha256_hex());
        format!(
            "    <{user}>
      <password_sha256_hex>{hash}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>{grants}</grants>
    </{user}>
"
        )
    })
    .concat();
    Ok(accounts)
}

/// `shop` as `shop.*`, `test_*` as `test_*.*`.
fn scope(database: &str) -> Result<String, Error> {
    let name = database.strip_suffix('*').unwrap_or(database);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain)
    {
        let detail = format!(
            "{database:?} is not a database name of letters, digits and underscores, with or \
             without a final *"
        );
        return Err(Error::Setting { key: "databases", detail });
    }
    Ok(format!("{database}.*"))
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
