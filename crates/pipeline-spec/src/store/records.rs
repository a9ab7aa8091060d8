//! Changes in, the records that make them out.

use serde::Serialize;

use super::{
    client::Clients,
    entry::{AuditRecord, Change, Stored},
    error::StoreError,
    keys::{SpecKey, StatusKey},
    snapshot::Snapshot,
    writer::Record,
};
use crate::Pipeline;

/// Most pipelines in one store: a snapshot of them is held by every sink.
const PIPELINES_MAX: usize = 10_000;
/// Most older documents of one pipeline.
const REVISIONS_MAX: usize = 1_000;
/// Longest value in bytes: a little less than Kafka takes by default (`max.message.bytes`
/// 1,048,588, librdkafka's `message.max.bytes` 1,000,000).
const VALUE_BYTES_MAX: usize = 900_000;

/// The records of one update, in the order in which readers may see a part of them.
///
/// # Errors
///
/// When a change does not fit what is stored, or is too large.
pub(super) fn of(
    clients: &Clients,
    state: &Snapshot,
    changes: Vec<Change>,
    update: &str,
) -> Result<Vec<Record>, StoreError> {
    let topic = clients.topic("pipelines");
    let mut layout = Layout { clients, topic, state: state.clone(), records: Vec::new() };
    for change in changes {
        match change {
            Change::Put { stored, audit } => {
                layout.put(&stored)?;
                layout.audit(&audit)?;
            }
            Change::Remove { name, audit } => {
                if let Some(last) = layout.state.pipelines.get(&name).cloned() {
                    layout.keep(&last.spec)?;
                }
                layout.spec(&SpecKey::Spec(name), None);
                layout.audit(&audit)?;
            }
            Change::DropRevision { name, revision } => {
                layout.spec(&SpecKey::Revision(name, revision), None);
            }
            Change::Audit(audit) => layout.audit(&audit)?,
        }
    }
    layout.spec(&SpecKey::Update, Some(update.as_bytes().to_vec()));
    Ok(layout.records)
}

/// The tombstones of what nobody will write again.
pub(super) fn removals(clients: &Clients, outdated: &[StatusKey]) -> Vec<Record> {
    let topic = clients.topic("status");
    let removal = |key: &StatusKey| Record {
        topic: topic.clone(),
        key: Some(key.to_string().into_bytes()),
        value: None,
    };
    outdated.iter().map(removal).collect()
}

struct Layout<'a> {
    clients: &'a Clients,
    topic: String,
    /// As the records so far leave it.
    state: Snapshot,
    records: Vec<Record>,
}

impl Layout<'_> {
    fn put(&mut self, stored: &Stored) -> Result<(), StoreError> {
        let name = &stored.spec.name;
        if let Some(why) = self.state.unreadable.get(name) {
            return Err(StoreError::Unreadable { name: name.clone(), why: why.clone() });
        }
        let before = self.state.pipelines.get(name).cloned();
        let expected = before.as_ref().map_or(1, |before| before.version.saturating_add(1));
        if stored.version != expected {
            let (name, found) = (name.clone(), stored.version);
            return Err(StoreError::Version { name, expected, found });
        }
        match before {
            None if self.state.pipelines.len() >= PIPELINES_MAX => {
                let problem = format!("the store holds at most {PIPELINES_MAX} pipelines");
                return Err(StoreError::TooLarge(problem));
            }
            Some(before) if before.spec.revision() != stored.spec.revision() => {
                self.keep(&before.spec)?;
            }
            Some(_) | None => {}
        }
        let value = json(stored, "the pipeline")?;
        self.spec(&SpecKey::Spec(name.clone()), Some(value));
        Ok(())
    }

    /// Keeps a document that is no longer current.
    fn keep(&mut self, document: &Pipeline) -> Result<(), StoreError> {
        let key = (document.name.clone(), document.revision());
        let kept = self.state.revisions.keys().filter(|(name, _)| *name == document.name).count();
        if kept >= REVISIONS_MAX && !self.state.revisions.contains_key(&key) {
            return Err(StoreError::TooLarge(format!(
                "{REVISIONS_MAX} older documents of pipeline {} are kept already",
                document.name
            )));
        }
        let value = json(document, "the document")?;
        self.spec(&SpecKey::Revision(key.0, key.1), Some(value));
        Ok(())
    }

    fn spec(&mut self, key: &SpecKey, value: Option<Vec<u8>>) {
        let key = key.to_string().into_bytes();
        self.state.apply(&key, value.as_deref());
        self.records.push(Record { topic: self.topic.clone(), key: Some(key), value });
    }

    fn audit(&mut self, audit: &AuditRecord) -> Result<(), StoreError> {
        let value = Some(json(audit, "what is written down about the change")?);
        let topic = self.clients.topic("audit");
        self.records.push(Record { topic, key: None, value });
        Ok(())
    }
}

fn json(value: &impl Serialize, what: &str) -> Result<Vec<u8>, StoreError> {
    let text =
        serde_json::to_vec(value).map_err(|error| StoreError::Internal(error.to_string()))?;
    if text.len() > VALUE_BYTES_MAX {
        let problem = format!("{what} is longer than {VALUE_BYTES_MAX} bytes of JSON");
        return Err(StoreError::TooLarge(problem));
    }
    Ok(text)
}
