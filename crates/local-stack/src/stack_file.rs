//! What a running stack offers to scripts, as `stack.json` in the data folder.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    data_folder::write_private,
    error::{Error, io_error},
    stack::{Addresses, Stack},
    users::Credentials,
};

/// Addresses, users and password files of a stack that is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct StackFile {
    /// Bootstrap server, `host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kafka: Option<String>,
    /// Base URL of the registry's Confluent API, with its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// URL of ClickHouse's HTTP interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clickhouse_http: Option<String>,
    /// `host:port` of ClickHouse's native protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clickhouse_native: Option<String>,
    /// URL of the producer's service port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub producer_http: Option<String>,
    /// URL of the sink's service port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sink_http: Option<String>,
    /// URL of the page and the admin API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_api: Option<String>,
    /// File that holds an admin's token for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_token_file: Option<PathBuf>,
    /// ClickHouse user name to the file that holds its password.
    pub users: BTreeMap<String, PathBuf>,
}

impl StackFile {
    /// What `stack` itself knows; the caller adds the addresses of its services.
    #[must_use]
    pub fn of(stack: &Stack) -> Self {
        Self::with(stack.addresses().clone(), stack.credentials())
    }

    pub(crate) fn with(addresses: Addresses, credentials: &Credentials) -> Self {
        let users = credentials
            .all()
            .map(|account| (account.user.to_owned(), account.password_file.clone()));
        Self {
            kafka: addresses.kafka,
            registry: addresses.registry,
            clickhouse_http: addresses.clickhouse_http,
            clickhouse_native: addresses.clickhouse_native,
            producer_http: None,
            sink_http: None,
            admin_api: None,
            admin_token_file: None,
            users: users.into(),
        }
    }

    /// Where it is in a data folder.
    #[must_use]
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("stack.json")
    }

    /// Writes it in one step, readable by its owner only.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, data_dir: &Path) -> Result<(), Error> {
        let path = Self::path(data_dir);
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| io_error("write", &path)(error.into()))?;
        text.push(b'\n');
        write_private(&path, &text)
    }

    /// Removes it; it is fine if there is none.
    ///
    /// # Errors
    ///
    /// When it is there and stays.
    pub fn remove(data_dir: &Path) -> Result<(), Error> {
        let path = Self::path(data_dir);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_error("remove", &path)(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
