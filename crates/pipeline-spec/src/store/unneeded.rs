//! What is stored and what sinks report in, the older documents that no range can need out.

use super::{entry::Change, snapshot::Snapshot, status_snapshot::StatusSnapshot};

/// How long after an edit its predecessors are kept in any case: by then every sink has seen it,
/// and copies of what was committed before are written (every 5 s).
const KEPT_MS: i64 = 10 * 60 * 1_000;
/// Most documents dropped at a time.
const DROPS_MAX: usize = 100;
/// Commits name a revision by so many of its digits.
const SHORT: usize = 16;

impl Snapshot {
    /// The older documents that nobody needs any more, as changes for [`super::Store::update`]:
    /// no copy of a commit names them, every live instance runs the current version, and that is
    /// not brand-new. Documents of a removed pipeline go with its last such copy.
    ///
    /// `now_ms` is the time in ms since 1970.
    #[must_use]
    pub fn unneeded(&self, status: &StatusSnapshot, now_ms: i64) -> Vec<Change> {
        let unneeded = self.revisions.keys().filter(|(name, revision)| {
            self.is_settled(name, status, now_ms) && !is_named(name, revision, status)
        });
        let drop = |(name, revision): &(String, String)| Change::DropRevision {
            name: name.clone(),
            revision: revision.clone(),
        };
        unneeded.take(DROPS_MAX).map(drop).collect()
    }

    fn is_settled(&self, name: &str, status: &StatusSnapshot, now_ms: i64) -> bool {
        let mut live = status.instances.values().filter(|instance| instance.pipeline == name);
        match self.pipelines.get(name) {
            Some(stored) => {
                now_ms.saturating_sub(stored.updated_at_ms) > KEPT_MS
                    && live.all(|instance| instance.version == stored.version)
            }
            None if self.unreadable.contains_key(name) => false,
            None => {
                let mut copies = status.mirrors.keys();
                live.next().is_none() && !copies.any(|(pipeline, _, _)| pipeline == name)
            }
        }
    }
}

fn is_named(name: &str, revision: &str, status: &StatusSnapshot) -> bool {
    let short = revision.get(..SHORT).unwrap_or(revision);
    let mut copies = status.mirrors.iter().filter(|((pipeline, _, _), _)| pipeline == name);
    copies.any(|(_, mirror)| mirror.metadata.contains(short))
}

#[cfg(test)]
mod tests;
