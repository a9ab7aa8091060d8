//! What a person writes about their ClickHouse in, checked settings out.

use std::{net::IpAddr, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::{Host, Url};

/// How to reach a server, and as whom.
///
/// Passwords never appear in `Debug`, in errors or in logs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// HTTP interface, `http://` or `https://` with host and port; no user, password, query.
    pub url: String,
    /// Account that inserts.
    pub user: String,
    /// Its password.
    pub password: SecretString,
    /// Account that looks at tables and creates them.
    pub schema_user: String,
    /// Its password.
    pub schema_password: SecretString,
    /// PEM file with certificate authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Compression of insert bodies.
    pub compression: Compression,
    /// Longest wait for a connection, in ms.
    pub connect_timeout_ms: u64,
    /// Longest insert in ms, from the first byte sent to the answer. After it nobody here works
    /// on that insert any more, though the server may.
    pub insert_timeout_ms: u64,
    /// Longest wait for any other answer, in ms.
    pub request_timeout_ms: u64,
    /// Idle connections kept open per account.
    pub connections_idle_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8123".to_owned(),
            user: "sink".to_owned(),
            password: SecretString::default(),
            schema_user: "schema".to_owned(),
            schema_password: SecretString::default(),
            ca_file: None,
            compression: Compression::Auto,
            connect_timeout_ms: 5_000,
            insert_timeout_ms: 60_000,
            request_timeout_ms: 30_000,
            connections_idle_max: 8,
        }
    }
}

/// Compression of insert bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// None to a loopback address, where bytes are cheaper than CPU; else LZ4.
    #[default]
    Auto,
    /// None.
    None,
    /// LZ4.
    Lz4,
}

/// Why settings cannot be used. Nothing was contacted.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The address is not one.
    #[error("clickhouse url: {0}")]
    Url(&'static str),
    /// A user name or password cannot be sent.
    #[error("clickhouse {0} is empty or holds characters that no HTTP header can carry")]
    Account(&'static str),
    /// A limit is out of its range.
    #[error("clickhouse {0} must be at least 1")]
    Limit(&'static str),
    /// The certificate file cannot be read.
    #[error("cannot read certificates from {path}")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The certificate file holds no usable certificate, or TLS cannot be set up.
    #[error("cannot use the certificates in {path}: {reason}")]
    Certificates {
        /// The file, or "the system's store".
        path: String,
        /// What the TLS library says.
        reason: String,
    },
}

impl Settings {
    /// Checks everything that can be checked without a server.
    ///
    /// # Errors
    ///
    /// With the first setting that cannot be right.
    pub(crate) fn check(&self) -> Result<Url, SettingsError> {
        let url = Url::parse(&self.url)
            .map_err(|_| SettingsError::Url("is not like http://host:8123"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(SettingsError::Url("must start with http:// or https:// and a host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(SettingsError::Url("must not hold user or password: there are settings"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(SettingsError::Url("must not hold parameters: they are pinned"));
        }
        let sendable = |text: &str| text.chars().all(|c| (' '..='~').contains(&c));
        for (what, user) in [("user", &self.user), ("schema_user", &self.schema_user)] {
            if user.is_empty() || !sendable(user) {
                return Err(SettingsError::Account(what));
            }
        }
        let secrets = [("password", &self.password), ("schema_password", &self.schema_password)];
        for (what, secret) in secrets {
            if !sendable(secret.expose_secret()) {
                return Err(SettingsError::Account(what));
            }
        }
        for (what, value) in [
            ("connect_timeout_ms", self.connect_timeout_ms),
            ("insert_timeout_ms", self.insert_timeout_ms),
            ("request_timeout_ms", self.request_timeout_ms),
        ] {
            if value == 0 {
                return Err(SettingsError::Limit(what));
            }
        }
        Ok(url)
    }
}

impl Compression {
    /// What is really used towards `url`.
    pub(crate) fn towards(self, url: &Url) -> clickhouse::Compression {
        match self {
            Self::Auto if is_loopback(url) => clickhouse::Compression::None,
            Self::None => clickhouse::Compression::None,
            Self::Auto | Self::Lz4 => clickhouse::Compression::Lz4,
        }
    }
}

/// Whether requests to `url` stay on this machine, as far as the name alone can tell: nothing is
/// resolved.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests;
