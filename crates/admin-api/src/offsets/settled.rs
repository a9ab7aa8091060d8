//! A dead-letter topic in, the source records that have a letter there out.

use std::{collections::BTreeMap, ops::ControlFlow, time::Instant};

use rdkafka::{
    Message as _,
    message::{BorrowedMessage, Headers as _},
};

use super::{
    ask,
    model::OffsetsError,
    reader::{Reader, Stretch},
    resolve::Place,
};

/// Which source records are among the dead letters, by partition: offset and timestamp. The
/// timestamp tells records of a topic from those of an earlier topic of the same name.
#[derive(Debug, Default)]
pub(super) struct Settled(BTreeMap<Place, Vec<(i64, i64)>>);

/// Reads the headers of a whole dead-letter topic; nothing is settled where there is none.
/// Blocks.
///
/// # Errors
///
/// When Kafka does not answer in time, or there are more than `letters_max` letters of `topics`.
pub(super) fn read(
    reader: &Reader,
    letters: &str,
    topics: &[String],
    letters_max: usize,
    deadline: Instant,
) -> Result<Settled, OffsetsError> {
    let mut found: BTreeMap<Place, Vec<(i64, i64)>> = BTreeMap::new();
    let mut left = letters_max;
    for (partition, ends) in ask::ends(reader.consumer(), letters, deadline)? {
        let stretch = Stretch { topic: letters, partition, from: ends.low, to: ends.high };
        let full = reader.read(stretch, |message| {
            let Some((place, record)) = source(message) else { return ControlFlow::Continue(()) };
            if !topics.contains(&place.0) {
                return ControlFlow::Continue(());
            }
            if left == 0 {
                return ControlFlow::Break(());
            }
            left -= 1;
            found.entry(place).or_default().push(record);
            ControlFlow::Continue(())
        })?;
        if full.is_some() {
            return Err(OffsetsError::Unusable {
                what: format!("compare with the dead letters in {letters}"),
                why: format!("there are more than {letters_max}"),
            });
        }
    }
    for records in found.values_mut() {
        records.sort_unstable();
        records.dedup();
    }
    Ok(Settled(found))
}

impl Settled {
    /// Whether this record has a letter.
    pub(super) fn has(&self, place: &Place, offset: i64, timestamp_ms: i64) -> bool {
        let records = self.0.get(place);
        records.is_some_and(|records| records.binary_search(&(offset, timestamp_ms)).is_ok())
    }

    /// How many offsets below `offset` have a letter.
    pub(super) fn below(&self, place: &Place, offset: i64) -> u64 {
        let records = self.0.get(place).map(Vec::as_slice).unwrap_or_default();
        let mut offsets: Vec<i64> =
            records.iter().map(|(at, _)| *at).filter(|at| *at < offset).collect();
        offsets.dedup();
        offsets.len() as u64
    }
}

/// Where the record of a letter was, and when. The last header of a name counts: those before it
/// may have come with the record.
fn source(message: &BorrowedMessage<'_>) -> Option<(Place, (i64, i64))> {
    let headers = message.headers()?;
    let (mut topic, mut partition, mut offset, mut timestamp) = (None, None, None, None);
    for header in headers.iter() {
        let slot = match header.key {
            "penstock.topic" => &mut topic,
            "penstock.partition" => &mut partition,
            "penstock.offset" => &mut offset,
            "penstock.timestamp" => &mut timestamp,
            _ => continue,
        };
        *slot = header.value.and_then(|value| std::str::from_utf8(value).ok());
    }
    let place = (topic?.to_owned(), partition?.parse().ok()?);
    Some((place, (offset?.parse().ok()?, timestamp?.parse().ok()?)))
}
