//! Conditional headers in, whether a version meets them out (RFC 9110, section 13).

use axum::http::{HeaderMap, StatusCode, header};
use service::problem::Problem;

/// What must hold for a change to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// `If-Match`.
    pub matches: Option<Tags>,
    /// `If-None-Match`.
    pub none_matches: Option<Tags>,
}

/// The list of a conditional header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tags {
    /// `*`: whatever there is.
    Any,
    /// These entity tags, quotes included.
    These(Vec<String>),
}

/// The entity tag of a version.
#[must_use]
pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

impl Condition {
    /// Reads both headers. What is not a tag of ours matches nothing.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self {
            matches: tags(headers, &header::IF_MATCH),
            none_matches: tags(headers, &header::IF_NONE_MATCH),
        }
    }

    /// That the version is this one.
    #[must_use]
    pub fn version(version: u64) -> Self {
        Self { matches: Some(Tags::These(vec![etag(version)])), none_matches: None }
    }

    /// Checks it against what is stored.
    ///
    /// # Errors
    ///
    /// 412, naming the version that is stored.
    pub fn check(&self, version: Option<u64>) -> Result<(), Problem> {
        if self.matches.as_ref().is_some_and(|tags| !tags.contain(version)) {
            return Err(failed().detail(match version {
                Some(version) => format!(
                    "somebody else has changed it: it is at version {version} now; look at it \
                     again and send `if-match: {}`",
                    etag(version)
                ),
                None => "there is no such pipeline, so that no version matches".to_owned(),
            }));
        }
        if self.none_matches.as_ref().is_some_and(|tags| tags.contain(version)) {
            return Err(failed().detail("there is such a pipeline already"));
        }
        Ok(())
    }
}

impl Tags {
    /// Whether the version that is there, if any, is one of them. Weak tags match nothing.
    #[must_use]
    pub fn contain(&self, version: Option<u64>) -> bool {
        match (self, version) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::These(tags), Some(version)) => tags.contains(&etag(version)),
        }
    }
}

fn tags(headers: &HeaderMap, name: &header::HeaderName) -> Option<Tags> {
    let mut found = None;
    for line in headers.get_all(name) {
        let tags = found.get_or_insert_with(Vec::new);
        for tag in line.to_str().unwrap_or_default().split(',').map(str::trim) {
            if tag == "*" {
                return Some(Tags::Any);
            }
            tags.push(tag.to_owned());
        }
    }
    found.map(Tags::These)
}

fn failed() -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "changed meanwhile")
}

#[cfg(test)]
mod tests;
