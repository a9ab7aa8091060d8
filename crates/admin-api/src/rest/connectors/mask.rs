//! A connector's settings in, the same without what looks like a secret out.

use std::collections::BTreeMap;

/// What is shown instead of a secret.
const MASK: &str = "****";

/// Parts of keys whose values are secrets. Better one too many than one too few.
const SECRET_PARTS: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "jaas",
    "apikey",
    "api.key",
    "access.key",
    "private.key",
    "encryption.key",
    "ssl.key",
    "keystore.key",
    "auth.user.info",
    "authorization",
];

/// Parts of values that hold a secret whatever their key is, as addresses do.
const SECRET_IN_VALUE: [&str; 4] = ["password=", "pwd=", "secret=", "token="];

/// The settings with every value that looks like a secret replaced, unless it only refers to one.
pub(super) fn masked(config: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let shown = |(key, value): (&String, &String)| {
        let secret = is_secret_key(key) || is_secret_value(value);
        let value = if secret && !is_reference(value) { MASK.to_owned() } else { value.clone() };
        (key.clone(), value)
    };
    config.iter().map(shown).collect()
}

/// A line of an error, or nothing of it where it seems to repeat a secret.
pub(super) fn masked_text(line: &str) -> &str {
    if is_secret_value(line) { MASK } else { line }
}

fn is_secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace(['_', '-'], ".");
    SECRET_PARTS.iter().any(|part| key.contains(part))
}

/// `scheme://user:password@host`, or a parameter that is called so.
fn is_secret_value(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let credentials = value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    });
    credentials || SECRET_IN_VALUE.iter().any(|part| value.contains(part))
}

/// Whether the whole value stands for one that Kafka Connect looks up itself.
fn is_reference(value: &str) -> bool {
    let inner = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|inner| inner.contains(':') && !inner.contains(['{', '}', '$']))
}

#[cfg(test)]
mod tests;
