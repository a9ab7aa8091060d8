//! A replay topic in, the records that have been replayed out.

use std::{
    collections::{BTreeMap, HashSet},
    ops::ControlFlow,
    time::Instant,
};

use super::{
    super::{headers::of_replay, letter, model::Position},
    Refusal,
};
use crate::offsets::{
    OffsetsError, ask,
    reader::{Reader, Stretch},
};

/// Records that have been replayed: before, and by this replay.
#[derive(Debug, Default)]
pub(super) struct Known {
    before: Places,
    now: Places,
}

/// Places in topics. A topic's name is kept once.
#[derive(Debug, Default)]
struct Places(BTreeMap<String, HashSet<(i32, i64)>>);

impl Places {
    fn has(&self, at: &Position) -> bool {
        self.0.get(&at.topic).is_some_and(|places| places.contains(&(at.partition, at.offset)))
    }

    /// Whether it was not there before.
    fn add(&mut self, at: Position) -> bool {
        self.0.entry(at.topic).or_default().insert((at.partition, at.offset))
    }
}

impl Known {
    /// Reads the headers of a whole replay topic. Blocks.
    ///
    /// # Errors
    ///
    /// When Kafka does not answer in time, or more than `known_max` records were replayed.
    pub(super) fn read(
        reader: &Reader,
        topic: &str,
        known_max: usize,
        deadline: Instant,
    ) -> Result<Self, OffsetsError> {
        let (mut before, mut count) = (Places::default(), 0_usize);
        for (partition, ends) in ask::ends(reader.consumer(), topic, deadline)? {
            let stretch = Stretch { topic, partition, from: ends.low, to: ends.high };
            let full = reader.read(stretch, |record| {
                let headers = letter::headers(record);
                if let Some(position) = of_replay(&headers).position() {
                    count += usize::from(before.add(position));
                }
                match count > known_max {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            })?;
            if full.is_some() {
                return Err(OffsetsError::Unusable {
                    what: format!("compare with what is in {topic}"),
                    why: format!("more than {known_max} records were replayed: use force"),
                });
            }
        }
        Ok(Self { before, now: Places::default() })
    }

    /// Why this record is not replayed, if it is not.
    pub(super) fn refuses(&self, position: &Position) -> Option<Refusal> {
        if self.now.has(position) {
            return Some(Refusal::Twice);
        }
        self.before.has(position).then_some(Refusal::ReplayedBefore)
    }

    pub(super) fn add(&mut self, position: Position) {
        self.now.add(position);
    }
}
