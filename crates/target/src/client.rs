//! Settings in, a [`Target`] that speaks to the server as either account out.

use std::{fs, future::Future, sync::Arc, time::Duration};

use clickhouse::Client;
use hyper_tls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use native_tls::{Certificate, TlsConnector};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use crate::{
    classify::{Account, Disposition},
    pinned,
    server_error::{Failure, ServerError},
    settings::{Settings, SettingsError},
};

/// Shorter than the 3 s after which old servers close an idle connection, so that a request is
/// not sent into one just closed. Source: the server's `keep_alive_timeout`, 3 s until 23.11.
const IDLE_TIMEOUT: Duration = Duration::from_millis(2_500);
/// The server's code for a missing grant.
const ACCESS_DENIED: u32 = 497;

/// A server, as two accounts see it. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub struct Target {
    /// The account that inserts; sends the pinned settings with every request.
    pub(crate) inserter: Client,
    /// The account that looks and creates.
    pub(crate) schema: Client,
    /// The same on a new connection for every request.
    pub(crate) fresh: Client,
    pub(crate) settings: Arc<Settings>,
    /// Whether insert bodies are compressed.
    pub(crate) compresses: bool,
}

/// Why the server was not asked, did not answer, or refused, apart from inserts.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// No answer: what was asked for may or may not have happened.
    #[error("no answer from clickhouse within {timeout_ms} ms")]
    NoAnswer {
        /// How long was waited.
        timeout_ms: u64,
    },
    /// The connection failed.
    #[error("cannot reach clickhouse: {0}")]
    Unreachable(String),
    /// The server answered with an error.
    #[error("clickhouse refused: {0}")]
    Refused(ServerError),
    /// The answer is not what was asked for; another kind of server, or a newer one.
    #[error("cannot understand clickhouse's answer: {0}")]
    Unreadable(String),
    /// The server runs our requests under another value than the pinned one.
    #[error("clickhouse runs inserts with {name} = {value} instead of {wanted}")]
    NotPinned {
        /// The setting.
        name: String,
        /// Its value there.
        value: String,
        /// The value sent.
        wanted: &'static str,
    },
    /// There is no such table, or none that the account may see.
    #[error("table {0} does not exist")]
    NoTable(String),
}

impl TargetError {
    /// What to do about it.
    ///
    /// Unlike at an insert, refused credentials stop: this account is used when a pipeline
    /// starts, where a person is watching and a typing error is the likely cause.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::NoAnswer { .. } | Self::Unreachable(_) => Disposition::Retry,
            Self::Refused(error) => error.disposition(Account::Schema),
            Self::NoTable(_) => Disposition::TableChanged,
            Self::Unreadable(_) | Self::NotPinned { .. } => Disposition::Stop,
        }
    }

    pub(crate) fn no_table(database: &str, table: &str) -> Self {
        Self::NoTable(format!("{database}.{table}"))
    }

    /// Whether a grant is missing.
    pub(crate) fn is_access_denied(&self) -> bool {
        matches!(self, Self::Refused(error) if error.code == ACCESS_DENIED)
    }

    pub(crate) fn from_failure(failure: Failure, timeout_ms: u64) -> Self {
        match failure {
            Failure::NoAnswer => Self::NoAnswer { timeout_ms },
            Failure::Network(reason) => Self::Unreachable(reason),
            Failure::Refused(error) => Self::Refused(error),
            Failure::Unreadable(reason) => Self::Unreadable(reason),
        }
    }
}

impl Target {
    /// Prepares connections; none is opened yet.
    ///
    /// # Errors
    ///
    /// When a setting cannot be right or the CA file cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let url = settings.check()?;
        // Built here, where the library's own body type is inferred: it has no public name.
        let connector = connector(&settings)?;
        let pool = |idle_max| {
            HttpClient::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(idle_max)
                .build(connector.clone())
        };
        let http = pool(settings.connections_idle_max);
        let client = || Client::with_http_client(http.clone()).with_url(url.as_str());
        let compression = settings.compression.towards(&url);
        // The requests of `inserter` carry exactly the pinned settings: the library adds none
        // but `decompress`, and `query` with the statement.
        let inserter = pinned::SETTINGS
            .iter()
            .fold(client(), |client, (name, value)| client.with_setting(*name, *value))
            .with_compression(compression)
            .with_user(&settings.user)
            .with_password(settings.password.expose_secret());
        let as_schema = |client: Client| {
            client
                .with_compression(clickhouse::Compression::None)
                .with_user(&settings.schema_user)
                .with_password(settings.schema_password.expose_secret())
        };
        let schema = as_schema(client());
        let fresh = as_schema(Client::with_http_client(pool(0)).with_url(url.as_str()));
        let compresses = compression != clickhouse::Compression::None;
        Ok(Self { inserter, schema, fresh, settings: Arc::new(settings), compresses })
    }

    /// Waits for a request other than an insert, within its time.
    pub(crate) async fn ask<T>(
        &self,
        request: impl Future<Output = clickhouse::error::Result<T>>,
    ) -> Result<T, TargetError> {
        let timeout_ms = self.settings.request_timeout_ms;
        let failure = match timeout(Duration::from_millis(timeout_ms), request).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Failure::from(error),
            Err(_) => Failure::NoAnswer,
        };
        Err(TargetError::from_failure(failure, timeout_ms))
    }
}

fn connector(settings: &Settings) -> Result<HttpsConnector<HttpConnector>, SettingsError> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_keepalive(Some(Duration::from_secs(60)));
    http.set_connect_timeout(Some(Duration::from_millis(settings.connect_timeout_ms)));
    Ok(HttpsConnector::from((http, tls(settings)?.into())))
}

fn tls(settings: &Settings) -> Result<TlsConnector, SettingsError> {
    let unusable = |path: String| {
        move |error: native_tls::Error| SettingsError::Certificates {
            path,
            reason: error.to_string(),
        }
    };
    let mut builder = TlsConnector::builder();
    if let Some(path) = &settings.ca_file {
        let pem = fs::read(path)
            .map_err(|source| SettingsError::CaFile { path: path.clone(), source })?;
        let shown = path.display().to_string();
        let certificates = Certificate::stack_from_pem(&pem).map_err(unusable(shown.clone()))?;
        if certificates.is_empty() {
            let reason = "it holds no certificate".to_owned();
            return Err(SettingsError::Certificates { path: shown, reason });
        }
        for certificate in certificates {
            builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(unusable("the system's store".to_owned()))
}
