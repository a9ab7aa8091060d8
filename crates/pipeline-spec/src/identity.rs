//! A pipeline in, its revision and the names derived from its own out.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::document::Pipeline;

impl Pipeline {
    /// The revision: 32 hexadecimal digits that are equal for documents that mean the same.
    ///
    /// It is the first half of the SHA-256 of the document as JSON with every default filled in
    /// and keys sorted, so spelling, order, comments and YAML or JSON make no difference.
    #[must_use]
    pub fn revision(&self) -> String {
        digest(self).iter().fold(String::with_capacity(32), |mut text, byte| {
            // Writing to a String cannot fail.
            write!(text, "{byte:02x}").ok();
            text
        })
    }

    /// The first half of [`Self::revision`] as a number, for where room is short.
    #[must_use]
    pub fn revision_short(&self) -> u64 {
        half(digest(self))
    }

    /// A number that is equal for documents that make the same rows of the same records: it
    /// covers what decides about rows and leaves out when, where and by whom they are moved.
    #[must_use]
    pub fn rows_fingerprint(&self) -> u64 {
        let source = &self.source;
        half(digest(&(
            (source.format, source.key_format, source.envelope, &source.records),
            (source.null_value, &self.columns, &self.sql, self.on_error),
        )))
    }

    /// The consumer group: the one in the document, else `<namespace>.<name>`.
    #[must_use]
    pub fn group(&self, namespace: &str) -> String {
        self.source.group.clone().unwrap_or_else(|| format!("{namespace}.{}", self.name))
    }

    /// The topic of its dead letters, `<namespace>.dead-letters.<name>`.
    #[must_use]
    pub fn dead_letter_topic(&self, namespace: &str) -> String {
        format!("{namespace}.dead-letters.{}", self.name)
    }

    /// The topic of its dead letters that are to be read once more, `<namespace>.replay.<name>`.
    #[must_use]
    pub fn replay_topic(&self, namespace: &str) -> String {
        format!("{namespace}.replay.{}", self.name)
    }
}

/// The first half of the SHA-256 of `value` as JSON with sorted keys.
pub(crate) fn digest(value: &impl Serialize) -> [u8; 16] {
    let mut canonical = String::new();
    // The types hold nothing that JSON cannot: an error here could only be a bug, and Null
    // would still be the same for every document, which the tests would notice.
    write_canonical(&serde_json::to_value(value).unwrap_or(Value::Null), &mut canonical);
    let whole: [u8; 32] = Sha256::digest(canonical.as_bytes()).into();
    std::array::from_fn(|index| whole[index])
}

pub(crate) fn half(digest: [u8; 16]) -> u64 {
    u64::from_be_bytes(std::array::from_fn(|index| digest[index]))
}

/// Sorts keys itself: whether `serde_json` does depends on a feature any crate can switch.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string());
        }
    }
}

#[cfg(test)]
mod tests;
