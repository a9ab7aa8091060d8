//! Records of the topic of pipelines in, what they add up to out.

use std::{collections::BTreeMap, sync::Arc};

use super::{entry::Stored, keys::SpecKey};
use crate::Pipeline;

/// Everything stored about pipelines at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Pipelines by name.
    pub pipelines: BTreeMap<String, Arc<Stored>>,
    /// Older documents by name and revision, kept while recorded ranges may need them.
    pub revisions: BTreeMap<(String, String), Arc<Pipeline>>,
    /// Names whose record cannot be read, and why: damaged, or written by a newer version. Such
    /// a name is in [`Self::pipelines`] no more; it was not removed.
    pub unreadable: BTreeMap<String, String>,
}

impl Snapshot {
    /// The document of a revision, current or older.
    #[must_use]
    pub fn document(&self, name: &str, revision: &str) -> Option<Arc<Pipeline>> {
        let current = self.pipelines.get(name).filter(|stored| stored.spec.revision() == revision);
        match current {
            Some(stored) => Some(Arc::new(stored.spec.clone())),
            None => self.revisions.get(&(name.to_owned(), revision.to_owned())).cloned(),
        }
    }

    /// Takes one record in; later ones win. `true` when something changed.
    pub(super) fn apply(&mut self, key: &[u8], value: Option<&[u8]>) -> bool {
        match SpecKey::parse(key) {
            Some(SpecKey::Spec(name)) => self.apply_spec(name, value),
            Some(SpecKey::Revision(name, revision)) => {
                self.apply_revision(name, revision, value);
                true
            }
            Some(SpecKey::Update) | None => false,
        }
    }

    fn apply_spec(&mut self, name: String, value: Option<&[u8]>) -> bool {
        let Some(value) = value else {
            let known = self.pipelines.remove(&name).is_some();
            return self.unreadable.remove(&name).is_some() || known;
        };
        match read(&name, value) {
            Ok(stored) => {
                self.unreadable.remove(&name);
                self.pipelines.insert(name, Arc::new(stored));
            }
            Err(why) => {
                tracing::warn!(pipeline = name, why, "a stored pipeline cannot be read");
                self.pipelines.remove(&name);
                self.unreadable.insert(name, why);
            }
        }
        true
    }

    fn apply_revision(&mut self, name: String, revision: String, value: Option<&[u8]>) {
        let document = value.map(serde_json::from_slice::<Pipeline>).transpose();
        match document {
            // A document that says something else than its key would make other rows of the
            // same records.
            Ok(Some(document)) if document.revision() == revision => {
                self.revisions.insert((name, revision), Arc::new(document));
            }
            Ok(None) => {
                self.revisions.remove(&(name, revision));
            }
            Ok(Some(_)) | Err(_) => {
                tracing::warn!(pipeline = name, revision, "an older document cannot be read");
                self.revisions.remove(&(name, revision));
            }
        }
    }
}

fn read(name: &str, value: &[u8]) -> Result<Stored, String> {
    let stored: Stored = serde_json::from_slice(value).map_err(|error| error.to_string())?;
    if stored.spec.name != name {
        return Err("its document has another name".to_owned());
    }
    stored.spec.validate().map_err(|invalid| invalid.to_string())?;
    Ok(stored)
}

#[cfg(test)]
mod tests;
