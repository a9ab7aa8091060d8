//! Address, user and secrets in, settings of the registry's client out.

use std::{
    num::NonZeroU64,
    path::{Path, PathBuf},
};

use anyhow::ensure;
use registry_client::{Auth, Settings};
use secrecy::SecretString;
use serde::Deserialize;
use service::secrets::Secret;

/// Password for basic authentication.
pub const PASSWORD: Secret =
    Secret { name: "REGISTRY_PASSWORD", help: "Password for basic authentication at the registry" };
/// Token for bearer authentication.
pub const TOKEN: Secret =
    Secret { name: "REGISTRY_TOKEN", help: "Token for bearer authentication at the registry" };
/// The secrets of a client of the registry.
pub const SECRETS: &[Secret] = &[PASSWORD, TOKEN];

/// Where schemas are: the section `[registry]` of a service that adds nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Base URL of the Confluent API.
    pub url: String,
    /// User for basic authentication; empty for none.
    pub user: String,
    /// PEM file; empty for none.
    pub ca_file: PathBuf,
    /// Milliseconds for one request.
    pub timeout_ms: NonZeroU64,
    /// Milliseconds for one question with all its attempts.
    pub total_ms_max: NonZeroU64,
}

/// Password or token for the registry. Never printed.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// For basic authentication.
    pub password: Option<SecretString>,
    /// For bearer authentication.
    pub token: Option<SecretString>,
}

/// How a service reaches the registry.
#[derive(Clone, Copy, Debug)]
pub struct Connection<'a> {
    /// What the names of the service's variables begin with: `SINK`.
    pub variables: &'a str,
    /// Base URL of the Confluent API.
    pub url: &'a str,
    /// User for basic authentication; empty for none.
    pub user: &'a str,
    /// PEM file of authorities that are trusted besides the system's; empty for none.
    pub ca_file: &'a Path,
    /// Milliseconds for one request.
    pub timeout_ms: NonZeroU64,
    /// Password or token.
    pub secrets: &'a Secrets,
}

impl Registry {
    /// How a service whose variables begin with `variables` reaches it.
    #[must_use]
    pub fn connection<'a>(&'a self, variables: &'a str, secrets: &'a Secrets) -> Connection<'a> {
        Connection {
            variables,
            url: &self.url,
            user: &self.user,
            ca_file: &self.ca_file,
            timeout_ms: self.timeout_ms,
            secrets,
        }
    }

    /// What the registry's client is made with.
    #[must_use]
    pub fn settings(&self, secrets: &Secrets) -> Settings {
        Settings {
            total_ms_max: self.total_ms_max.get(),
            ..self.connection("", secrets).settings()
        }
    }
}

impl Connection<'_> {
    /// Checks that user, password and token go together.
    ///
    /// # Errors
    ///
    /// When they do not. Names key and variable.
    pub fn check(&self) -> anyhow::Result<()> {
        let Self { variables, user, secrets, .. } = self;
        let (password, token) = (secrets.password.is_some(), secrets.token.is_some());
        ensure!(
            !(password && token),
            "{variables}_REGISTRY_PASSWORD and {variables}_REGISTRY_TOKEN are both set: keep one of them"
        );
        ensure!(
            !password || !user.is_empty(),
            "{variables}_REGISTRY_PASSWORD is set but registry.user is empty"
        );
        ensure!(!token || user.is_empty(), "registry.user does not go with a token");
        ensure!(
            password || token || user.is_empty(),
            "registry.user needs {variables}_REGISTRY_PASSWORD"
        );
        Ok(())
    }

    /// What the registry's client is made with, and its defaults for the rest.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let auth = match (&self.secrets.token, self.user) {
            (Some(token), _) => Auth::Bearer(token.clone()),
            (None, "") => Auth::None,
            (None, user) => Auth::Basic {
                user: user.to_owned(),
                password: self.secrets.password.clone().unwrap_or_default(),
            },
        };
        Settings {
            url: self.url.to_owned(),
            auth,
            ca_file: service::config::path(self.ca_file),
            timeout_ms: self.timeout_ms.get(),
            ..Settings::default()
        }
    }
}

impl From<&service::secrets::Secrets> for Secrets {
    fn from(given: &service::secrets::Secrets) -> Self {
        Self { password: given.get(&PASSWORD), token: given.get(&TOKEN) }
    }
}

#[cfg(test)]
mod tests;
