//! Letters and the replay topic in, the same letters with the time of their last replay out.

use std::{
    collections::{BTreeMap, HashMap},
    ops::ControlFlow,
    time::Instant,
};

use rdkafka::Message as _;

use super::{
    headers::of_replay,
    letter,
    model::{Letter, Position},
};
use crate::offsets::{
    OffsetsError,
    ask::{self, Ends},
    reader::{Reader, Stretch},
};

/// Copies that are looked at for one page: the newest. Reading them takes well below a second.
const LOOK_MAX: i64 = 20_000;

/// Marks the letters whose record was replayed. Two letters of the same record are both marked:
/// what was replayed is the record. Returns whether all copies that Kafka still has were looked
/// at; when not, a letter without a mark may have been replayed all the same. Blocks.
pub(super) fn mark(
    reader: &Reader,
    replays: &str,
    letters: &mut [Letter],
    deadline: Instant,
) -> bool {
    match times(reader, replays, letters, deadline) {
        Ok((times, all)) => {
            for letter in letters {
                letter.replayed_at_ms =
                    letter.source.as_ref().and_then(|at| times.get(at).copied().flatten());
            }
            all
        }
        // The letters can be shown without.
        Err(error) => {
            tracing::debug!(%error, "it is not known what was replayed");
            false
        }
    }
}

/// When the records of `letters` were replayed last, and whether all copies were looked at.
fn times(
    reader: &Reader,
    replays: &str,
    letters: &[Letter],
    deadline: Instant,
) -> Result<(HashMap<Position, Option<i64>>, bool), OffsetsError> {
    let sources = letters.iter().filter_map(|letter| letter.source.clone());
    let mut times: HashMap<Position, Option<i64>> = sources.map(|at| (at, None)).collect();
    if times.is_empty() {
        return Ok((times, true));
    }
    let (newest, all) = newest(ask::ends(reader.consumer(), replays, deadline)?);
    for (partition, Ends { low, high }) in newest {
        let stretch = Stretch { topic: replays, partition, from: low, to: high };
        reader.read(stretch, |record| {
            let headers = letter::headers(record);
            if let Some(at) = of_replay(&headers).position()
                && let Some(last) = times.get_mut(&at)
            {
                *last = (*last).max(record.timestamp().to_millis());
            }
            ControlFlow::<()>::Continue(())
        })?;
    }
    Ok((times, all))
}

/// The last [`LOOK_MAX`] offsets of a topic, and whether these are all it has.
fn newest(ends: BTreeMap<i32, Ends>) -> (BTreeMap<i32, Ends>, bool) {
    let partitions = i64::try_from(ends.len()).unwrap_or(i64::MAX).max(1);
    let each = LOOK_MAX / partitions;
    let mut all = true;
    let cut = |(partition, Ends { low, high }): (i32, Ends)| {
        let from = low.max(high.saturating_sub(each));
        all &= from == low;
        (partition, Ends { low: from, high })
    };
    let newest = ends.into_iter().map(cut).collect();
    (newest, all)
}

#[cfg(test)]
mod tests;
