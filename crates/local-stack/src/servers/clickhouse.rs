//! Settings in, a configured ClickHouse out: its server settings, accounts and rights.

pub(crate) mod config;

use std::{collections::BTreeMap, path::PathBuf};

use secrecy::ExposeSecret as _;

use super::{ASK_EVERY, Context, http_client};
use crate::{
    data_folder::write_private,
    engine::{COMMAND, SERVE_MARK},
    error::Error,
    packages::ENGINE_LIBRARY,
    settings::Part,
    supervise::Spec,
    users::Account,
};

/// Writes the configuration.
pub(crate) fn prepare(c: Context<'_>) -> Result<(), Error> {
    let users = c.folder.conf("users.xml");
    write_private(&users, config::users(c.credentials, &c.settings.databases)?.as_bytes())?;
    let log = c.folder.log("clickhouse-server");
    let server = config::server(c.ports, &users, &log, c.settings.clickhouse_memory_mib);
    write_private(&c.folder.conf("clickhouse.xml"), server.as_bytes())
}

/// How the engine is started, by `program`'s hidden subcommand.
pub(crate) fn spec(c: Context<'_>, program: PathBuf) -> Spec {
    let path = |path: PathBuf| path.to_string_lossy().into_owned();
    Spec {
        name: Part::ClickHouse.to_string(),
        program,
        args: vec![
            COMMAND.to_owned(),
            path(c.package.join(ENGINE_LIBRARY)),
            format!("--config-file={}", path(c.folder.conf("clickhouse.xml"))),
            format!("--path={}", path(c.folder.data(Part::ClickHouse.name()))),
        ],
        env: BTreeMap::new(),
        env_clear: true,
        dir: Some(c.folder.data(Part::ClickHouse.name())),
        log: c.folder.log(Part::ClickHouse.name()),
        // It has no orderly stop by signal; what it acknowledged is on disk.
        grace_ms: 3000,
        stop_rank: 2,
    }
}

/// Returns once the server answers a query of the administrator.
pub(crate) async fn ready(url: String, admin: Account) {
    while query(&url, &admin, "SELECT 1").await.is_err() {
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Asks the server to end in order. Whether it does is for the caller to see.
pub(crate) async fn ask_to_end(url: &str, admin: &Account) {
    // The space keeps this query from naming itself.
    let (first, second) = SERVE_MARK.split_at(SERVE_MARK.len() / 2);
    let kill = format!("KILL QUERY WHERE position(query, concat('{first}', '{second}')) > 0 ASYNC");
    // A server that does not answer is stopped by a signal next.
    drop(query(url, admin, &kill).await);
}

async fn query(url: &str, admin: &Account, sql: &str) -> reqwest::Result<String> {
    let answer = http_client()
        .post(url)
        .header("X-ClickHouse-User", admin.user)
        .header("X-ClickHouse-Key", admin.password.expose_secret())
        .body(sql.to_owned())
        .send()
        .await?
        .error_for_status()?;
    answer.text().await
}
