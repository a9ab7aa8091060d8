//! Files and variables in, checked settings out: the layers every service reads its settings from.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use figment::{
    Figment,
    providers::{Env, Format, Toml},
};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

/// Longest secret file that is read, in bytes. A password or token is far below it.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Reads the three layers: `defaults` (the text of the service's `default.toml`), then `file`,
/// then variables such as `SINK__BATCH__ROWS_MAX` for the prefix `SINK__`.
///
/// Two underscores, because Kubernetes puts `SINK_PORT` and `SINK_SERVICE_HOST` into every pod of
/// a namespace that has a Service called `sink`.
///
/// # Errors
///
/// When a layer cannot be read, or a key is unknown or of the wrong type. The message names the
/// key and the layer it came from.
pub fn load<Settings: DeserializeOwned>(
    defaults: &str,
    file: Option<&Path>,
    variables_prefix: &str,
) -> anyhow::Result<Settings> {
    let mut layers = Figment::from(Toml::string(defaults));
    if let Some(path) = file {
        anyhow::ensure!(path.is_file(), "configuration file {} does not exist", path.display());
        layers = layers.merge(Toml::file_exact(path));
    }
    layers
        .merge(Env::prefixed(variables_prefix).split("__"))
        .extract()
        .context("read configuration")
}

/// Returns the values of `defaults` (the text of the service's `default.toml`) alone, for programs
/// that embed the service and set the rest themselves.
///
/// # Errors
///
/// Only when `defaults` itself is wrong.
pub fn defaults<Settings: DeserializeOwned>(defaults: &str) -> anyhow::Result<Settings> {
    Figment::from(Toml::string(defaults)).extract().context("read default.toml")
}

/// A path in a file of settings, where an empty one means that there is none.
#[must_use]
pub fn path(text: &Path) -> Option<PathBuf> {
    (!text.as_os_str().is_empty()).then(|| text.to_owned())
}

/// Takes a secret from its variable or from the file that another variable names, not from both.
///
/// `name` is the variable's name, for the message. One line break at the end of the file is
/// dropped, since most tools that write such a file add one.
///
/// # Errors
///
/// When both are given, or the file cannot be read, is too long or is not UTF-8.
pub fn secret(
    name: &str,
    value: Option<SecretString>,
    file: Option<&Path>,
) -> anyhow::Result<Option<SecretString>> {
    let path = match (value, file) {
        (Some(_), Some(_)) => bail!("{name} and {name}_FILE are both set: keep one of them"),
        (value, None) => return Ok(value),
        (None, Some(path)) => path,
    };
    let place = || format!("read {name}_FILE {}", path.display());
    let length = std::fs::metadata(path).with_context(place)?.len();
    anyhow::ensure!(
        length <= SECRET_BYTES_MAX,
        "{name}_FILE {} has {length} bytes, more than {SECRET_BYTES_MAX}",
        path.display()
    );
    let text = std::fs::read_to_string(path).with_context(place)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Some(SecretString::from(line.strip_suffix('\r').unwrap_or(line))))
}

#[cfg(test)]
mod tests;
