//! Settings in, a checked base URL and an HTTP client that follows them out.

use std::{fmt, path::PathBuf, time::Duration};

use secrecy::SecretString;
use url::Url;

/// How requests are authenticated.
#[derive(Clone, Default)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// User and password, sent with every request.
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: SecretString,
    },
    /// A bearer token, sent with every request.
    Bearer(SecretString),
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic(hidden)",
            Self::Bearer(_) => "Bearer(hidden)",
        })
    }
}

/// What a [`Client`](crate::Client) needs to know. The defaults fit a registry nearby.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Base URL, `http` or `https`; may have a path such as `/apis/ccompat/v7`, not credentials.
    pub url: String,
    /// Credentials.
    pub auth: Auth,
    /// PEM file of certificate authorities that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Milliseconds for one request, from connecting to the last byte of the answer.
    pub timeout_ms: u64,
    /// Milliseconds for one call: all attempts, the pauses between them, and all references.
    pub total_ms_max: u64,
    /// Longest pause that a `Retry-After` header can ask for, in milliseconds.
    pub retry_after_ms_max: u64,
    /// Largest answer, in bytes; also the largest sum of a schema's references.
    pub body_bytes_max: usize,
    /// How deep references may be nested.
    pub reference_depth_max: usize,
    /// How many references one schema may have, direct and indirect.
    pub references_max: usize,
    /// Schemas kept in memory; also the number of ids asked for at the same time.
    pub cache_entries_max: usize,
    /// Milliseconds for which an id stays unknown before the registry is asked again.
    pub not_found_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8081".to_owned(),
            auth: Auth::None,
            ca_file: None,
            timeout_ms: 5_000,
            total_ms_max: 30_000,
            retry_after_ms_max: 10_000,
            body_bytes_max: 8 * 1024 * 1024,
            reference_depth_max: 16,
            references_max: 256,
            cache_entries_max: 1_000,
            not_found_ms: 1_000,
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The base URL is not one.
    #[error("the registry's url is not valid: {0}")]
    Url(&'static str),
    /// A limit of zero would allow nothing.
    #[error("{0} must not be zero")]
    Zero(&'static str),
    /// The file of certificate authorities cannot be read.
    #[error("cannot read the registry's ca_file {}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file of certificate authorities holds no certificate, or a damaged one.
    #[error("the registry's ca_file {} is not a file of PEM certificates", .0.display())]
    CaFormat(PathBuf),
    /// The HTTP client cannot be built.
    #[error("cannot set up the connection to the registry")]
    Http(#[source] reqwest::Error),
}

impl Settings {
    /// Parses the base URL. A trailing slash makes no difference.
    pub(crate) fn base(&self) -> Result<Url, SettingsError> {
        // url::ParseError is not passed on: a hint without the text, which may hold a password.
        let url = Url::parse(&self.url)
            .map_err(|_| SettingsError::Url("not a url such as http://127.0.0.1:8081"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(SettingsError::Url("it must begin with http:// or https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(SettingsError::Url(
                "it holds credentials, which end up in logs: set user and password instead",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(SettingsError::Url("it must end with the path, without ? or #"));
        }
        Ok(url)
    }

    /// Checks the numbers.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let limits = [
            ("timeout_ms", self.timeout_ms == 0),
            ("total_ms_max", self.total_ms_max == 0),
            ("body_bytes_max", self.body_bytes_max == 0),
            ("cache_entries_max", self.cache_entries_max == 0),
        ];
        match limits.into_iter().find(|(_, zero)| *zero) {
            Some((name, _)) => Err(SettingsError::Zero(name)),
            None => Ok(()),
        }
    }

    /// Builds the HTTP client. It never follows redirects, so credentials stay where they belong.
    pub(crate) fn http(&self) -> Result<reqwest::Client, SettingsError> {
        let mut builder = reqwest::Client::builder()
            .user_agent("penstock")
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never()) // `call` retries, and counts
            .no_proxy()
            .connect_timeout(Duration::from_millis(self.timeout_ms));
        if let Some(path) = &self.ca_file {
            let pem = std::fs::read(path)
                .map_err(|source| SettingsError::CaFile { path: path.clone(), source })?;
            let authorities = reqwest::Certificate::from_pem_bundle(&pem)
                .ok()
                .filter(|authorities| !authorities.is_empty())
                .ok_or_else(|| SettingsError::CaFormat(path.clone()))?;
            builder = builder.tls_certs_merge(authorities);
        }
        builder.build().map_err(SettingsError::Http)
    }
}

#[cfg(test)]
mod tests;
