//! How each server is configured, started, asked whether it is ready, and stopped.

pub(crate) mod clickhouse;
mod jvm;
pub(crate) mod kafka;
pub(crate) mod registry;

use std::{path::Path, time::Duration};

use crate::{
    data_folder::DataFolder, java::Java, ports::Chosen, settings::Settings, users::Credentials,
};

pub(crate) use jvm::Archive;

/// How often a server that is starting is asked.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// How long one such question may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// What every server's configuration is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) folder: &'a DataFolder,
    pub(crate) ports: &'a Chosen,
    /// The unpacked package of the server.
    pub(crate) package: &'a Path,
    pub(crate) java: Option<&'a Java>,
    pub(crate) credentials: &'a Credentials,
}

/// A client for servers on this machine, where a proxy for the world outside has no business.
pub(crate) fn http_client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(ANSWER_WITHIN)
        .build()
        .unwrap_or_else(|_| reqwest::Client::new())
}
