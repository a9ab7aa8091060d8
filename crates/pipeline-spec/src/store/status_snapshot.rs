//! Records of the topic of status in, what is alive and what was committed out.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::keys::StatusKey;
use crate::status::{InstanceStatus, Mirror};

/// An instance that was silent for longer is shown no more: seven reports are missing then.
pub(super) const STALE_AFTER: Duration = Duration::from_secs(15);
/// Records of instances silent for longer are removed from the topic.
pub(super) const OUTDATED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What sinks report at one moment. Instances that fell silent are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatusSnapshot {
    /// Reports by name of the pipeline and id of the instance.
    pub instances: BTreeMap<(String, String), Arc<InstanceStatus>>,
    /// Copies of committed offsets by name of the pipeline, topic and partition.
    pub mirrors: BTreeMap<(String, String, i32), Arc<Mirror>>,
}

/// The latest record of every key, with when it was heard.
#[derive(Debug, Default)]
pub(super) struct StatusTable {
    instances: BTreeMap<(String, String), Heard>,
    mirrors: BTreeMap<(String, String, i32), Arc<Mirror>>,
    /// Kafka's time of the newest record.
    newest_ms: i64,
}

#[derive(Debug)]
struct Heard {
    status: Arc<InstanceStatus>,
    /// Kafka's time of the record.
    written_ms: i64,
    /// Our time when we read it, moved back by the age it had by then.
    alive: Option<Instant>,
}

/// When a record is read, by our clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) instant: Instant,
    /// Milliseconds since 1970, only while reading what was written before we came: if it is
    /// wrong, an instance is missing until its next report, or shown too long once. What comes
    /// later has no age when it is read.
    pub(super) wall_ms: Option<i64>,
}

impl StatusTable {
    /// Takes one record in. `written_ms` is Kafka's time of it.
    pub(super) fn apply(&mut self, key: &[u8], value: Option<&[u8]>, written_ms: i64, now: Now) {
        self.newest_ms = self.newest_ms.max(written_ms);
        match StatusKey::parse(key) {
            Some(StatusKey::Instance(pipeline, instance)) => {
                let status = value.and_then(|value| serde_json::from_slice(value).ok());
                let Some(status) = status.map(Arc::new) else {
                    self.instances.remove(&(pipeline, instance));
                    return;
                };
                let age = now.wall_ms.map_or(0, |wall_ms| wall_ms.saturating_sub(written_ms));
                let age = u64::try_from(age).unwrap_or(0);
                let alive = now.instant.checked_sub(Duration::from_millis(age));
                let heard = Heard { status, written_ms, alive };
                self.instances.insert((pipeline, instance), heard);
            }
            Some(StatusKey::Offsets(pipeline, topic, partition)) => {
                let mirror = value.and_then(|value| serde_json::from_slice(value).ok());
                match mirror.map(Arc::new) {
                    Some(mirror) => self.mirrors.insert((pipeline, topic, partition), mirror),
                    None => self.mirrors.remove(&(pipeline, topic, partition)),
                };
            }
            None => {}
        }
    }

    /// What is alive.
    pub(super) fn snapshot(&self, now: Instant) -> StatusSnapshot {
        let fresh = |heard: &&Heard| {
            let silent = now.saturating_duration_since(heard.alive?);
            let behind = self.behind(heard);
            (silent <= STALE_AFTER && behind <= STALE_AFTER).then_some(())
        };
        let instances = self.instances.iter();
        let instances = instances.filter(|(_, heard)| fresh(heard).is_some());
        StatusSnapshot {
            instances: instances.map(|(key, heard)| (key.clone(), heard.status.clone())).collect(),
            mirrors: self.mirrors.clone(),
        }
    }

    /// Keys that nobody will write again, at most `max`.
    pub(super) fn outdated(&self, max: usize) -> Vec<StatusKey> {
        let outdated = self.instances.iter().filter(|(_, h)| self.behind(h) > OUTDATED_AFTER);
        let key = |((pipeline, instance), _): (&(String, String), &Heard)| {
            StatusKey::Instance(pipeline.clone(), instance.clone())
        };
        outdated.take(max).map(key).collect()
    }

    /// How much older a report is than the newest of all, by Kafka's clock.
    fn behind(&self, heard: &Heard) -> Duration {
        let behind = self.newest_ms.saturating_sub(heard.written_ms);
        Duration::from_millis(u64::try_from(behind).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests;
