//! Record keys of the store's topics in, what they mean out, and back.

use std::fmt;

/// A key of the topic of pipelines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SpecKey {
    /// `spec/<name>`
    Spec(String),
    /// `revision/<name>/<revision>`
    Revision(String, String),
    /// `update`: the id of the last update, by which a writer whose commit was not answered
    /// finds out whether it happened.
    Update,
}

/// A key of the topic of status.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StatusKey {
    /// `instance/<pipeline>/<instance>`
    Instance(String, String),
    /// `offsets/<pipeline>/<topic>/<partition>`
    Offsets(String, String, i32),
}

// Names of pipelines and topics hold no slash; an instance may.

impl SpecKey {
    /// `None` for a key that a newer version may know.
    pub(super) fn parse(key: &[u8]) -> Option<Self> {
        let key = str::from_utf8(key).ok()?;
        if key == "update" {
            return Some(Self::Update);
        }
        if let Some(name) = key.strip_prefix("spec/") {
            return (!name.contains('/')).then(|| Self::Spec(name.to_owned()));
        }
        let (name, revision) = key.strip_prefix("revision/")?.split_once('/')?;
        Some(Self::Revision(name.to_owned(), revision.to_owned()))
    }
}

impl StatusKey {
    /// `None` for a key that a newer version may know.
    pub(super) fn parse(key: &[u8]) -> Option<Self> {
        let key = str::from_utf8(key).ok()?;
        if let Some(rest) = key.strip_prefix("instance/") {
            let (pipeline, instance) = rest.split_once('/')?;
            return Some(Self::Instance(pipeline.to_owned(), instance.to_owned()));
        }
        let (pipeline, rest) = key.strip_prefix("offsets/")?.split_once('/')?;
        let (topic, partition) = rest.rsplit_once('/')?;
        Some(Self::Offsets(pipeline.to_owned(), topic.to_owned(), partition.parse().ok()?))
    }
}

impl fmt::Display for SpecKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(name) => write!(f, "spec/{name}"),
            Self::Revision(name, revision) => write!(f, "revision/{name}/{revision}"),
            Self::Update => f.write_str("update"),
        }
    }
}

impl fmt::Display for StatusKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance(pipeline, instance) => write!(f, "instance/{pipeline}/{instance}"),
            Self::Offsets(pipeline, topic, partition) => {
                write!(f, "offsets/{pipeline}/{topic}/{partition}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
