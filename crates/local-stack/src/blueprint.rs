//! Settings in, what the servers are told out, for those who run them in another way: in
//! containers, say. Same ports, same settings, same accounts.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    Addresses, Credentials, Error, Part, Settings, StackFile,
    data_folder::DataFolder,
    ports::{self, Chosen, Leases},
    servers::{clickhouse::config, kafka, registry},
    stack::launch,
};

/// Ports that nobody else takes, accounts, and the servers' settings.
#[derive(Debug)]
pub struct Blueprint {
    settings: Settings,
    folder: DataFolder,
    ports: Chosen,
    _leases: Leases,
    credentials: Credentials,
    addresses: Addresses,
}

impl Blueprint {
    /// Takes the ports and makes the passwords, in the data folder of `settings`.
    ///
    /// # Errors
    ///
    /// When a port or the folder cannot be had.
    pub fn draw(mut settings: Settings) -> Result<Self, Error> {
        settings.parts.sort();
        settings.parts.dedup();
        let folder = DataFolder::create(&settings.data_dir)?;
        let (ports, leases) = ports::choose(&settings)?;
        let credentials = Credentials::load(&folder.secrets())?;
        let addresses = launch::addresses(&settings, &ports);
        Ok(Self { settings, folder, ports, _leases: leases, credentials, addresses })
    }

    /// What it was drawn from.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where the servers are to be.
    #[must_use]
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The same, with the accounts, for scripts.
    #[must_use]
    pub fn file(&self) -> StackFile {
        StackFile::with(self.addresses.clone(), &self.credentials)
    }

    /// The folder for configuration in the data folder.
    #[must_use]
    pub fn conf(&self, name: &str) -> PathBuf {
        self.folder.conf(name)
    }

    /// `server.properties` of a broker with its data in `data`.
    #[must_use]
    pub fn kafka(&self, data: &Path) -> String {
        kafka::server_properties(&self.settings, &self.ports, data)
    }

    /// A new name for a Kafka cluster.
    #[must_use]
    pub fn kafka_cluster_id() -> String {
        kafka::cluster_id()
    }

    /// Variables of a registry with its data in `database`, a path without an ending.
    #[must_use]
    pub fn registry(&self, database: &Path) -> BTreeMap<String, String> {
        registry::variables(&self.ports, database)
    }

    /// A file for `config.d` of a ClickHouse image.
    #[must_use]
    pub fn clickhouse(&self) -> String {
        config::server_of_image(&self.ports, self.settings.clickhouse_memory_mib)
    }

    /// A file for `users.d` of a ClickHouse image.
    ///
    /// # Errors
    ///
    /// When the name of a database cannot be granted on.
    pub fn clickhouse_users(&self) -> Result<String, Error> {
        config::users_of_image(&self.credentials, &self.settings.databases)
    }

    /// Returns once the server answers at its address; never, if it does not.
    pub async fn ready(&self, part: Part) {
        launch::ready(&self.addresses, &self.credentials, part).await;
    }
}
