//! A way and what Kafka knows in, an offset for each partition out. Pure.

use std::collections::{BTreeMap, BTreeSet};

use pipeline_spec::Problem;

use super::{
    ask::Ends,
    model::{LeftAlone, OffsetsError, PartitionPlan},
};

/// A partition of the pipeline's topics.
pub(super) type Place = (String, i32);

/// What is known of the records below an offset where nothing was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Below {
    /// Nobody has read them.
    Unread,
    /// Whoever knows the offset has read them, or found what became of them.
    Settled,
}

/// Where each partition goes, and which stay as they are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) partitions: Vec<PartitionPlan>,
    pub(super) left_alone: Vec<LeftAlone>,
}

/// What Kafka knows of the pipeline's partitions.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) ends: BTreeMap<Place, Ends>,
    pub(super) committed: BTreeMap<Place, i64>,
}

impl Known {
    /// Sends every partition where `to` says.
    pub(super) fn all(&self, to: impl Fn(&Place, Ends) -> i64) -> Resolved {
        let of = |(place, ends): (&Place, &Ends)| {
            self.one(place, *ends, to(place, *ends), Below::Unread)
        };
        Resolved { partitions: self.ends.iter().map(of).collect(), left_alone: Vec::new() }
    }

    /// Sends the partitions that `offsets` knows there, as near as Kafka has records.
    pub(super) fn known_to(
        &self,
        offsets: &BTreeMap<Place, i64>,
        below: Below,
        why_not: &str,
    ) -> Resolved {
        let mut resolved = Resolved::default();
        for (place, ends) in &self.ends {
            match offsets.get(place) {
                Some(offset) => {
                    resolved.partitions.push(self.one(place, *ends, *offset, below));
                }
                None => resolved.left_alone.push(left_alone(place, why_not)),
            }
        }
        resolved
    }

    /// Sends the partitions named there, and refuses what Kafka does not have.
    pub(super) fn explicit(
        &self,
        offsets: &BTreeMap<String, i64>,
    ) -> Result<Resolved, OffsetsError> {
        let mut problems = Vec::new();
        let mut wanted = BTreeMap::new();
        for (name, offset) in offsets {
            match self.check(name, *offset) {
                Ok(place) => drop(wanted.insert(place, *offset)),
                Err(message) => problems.push(Problem { pointer: pointer(name), message }),
            }
        }
        if offsets.is_empty() {
            let message = "name at least one partition, as `topic/partition`".to_owned();
            problems.push(Problem { pointer: "/offsets".to_owned(), message });
        }
        if !problems.is_empty() {
            return Err(OffsetsError::Refused(problems));
        }
        Ok(self.known_to(&wanted, Below::Unread, "not asked for"))
    }

    fn check(&self, name: &str, offset: i64) -> Result<Place, String> {
        let place = place(name).ok_or("a partition is named as `topic/partition`")?;
        let Some(Ends { low, high }) = self.ends.get(&place) else {
            let topics: BTreeSet<&str> = self.ends.keys().map(|(topic, _)| &**topic).collect();
            let topics: Vec<&str> = topics.into_iter().take(10).collect();
            return Err(format!("the pipeline reads no such partition, but {}", topics.join(", ")));
        };
        if !(*low..=*high).contains(&offset) {
            return Err(format!("Kafka has offsets {low} to {high} of it, where {high} is next"));
        }
        Ok(place)
    }

    fn one(&self, place: &Place, ends: Ends, asked: i64, below: Below) -> PartitionPlan {
        let Ends { low, high } = ends;
        let offset = asked.clamp(low, high.max(low));
        let committed = self.committed.get(place).copied();
        let distance = |from: i64, to: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
        // Records below the oldest neither come again nor are passed over: they are gone.
        let at = committed.map(|at| at.clamp(low, high.max(low)));
        let unread_from = at.or((below == Below::Unread).then_some(low));
        PartitionPlan {
            topic: place.0.clone(),
            partition: place.1,
            committed,
            offset,
            asked: (asked != offset).then_some(asked),
            low,
            high,
            come_again: at.map_or(0, |at| distance(offset, at)),
            skipped: unread_from.map_or(0, |from| distance(from, offset)),
            rows_to_delete: None,
            below_low: None,
        }
    }
}

fn left_alone((topic, partition): &Place, why: &str) -> LeftAlone {
    LeftAlone { topic: topic.clone(), partition: *partition, why: why.to_owned() }
}

/// Reads `topic/partition`.
fn place(name: &str) -> Option<Place> {
    let (topic, partition) = name.rsplit_once('/')?;
    Some((topic.to_owned(), partition.parse().ok()?))
}

fn pointer(name: &str) -> String {
    format!("/offsets/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests;
