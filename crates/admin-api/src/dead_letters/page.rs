//! A place among the dead letters and a filter in, the letters from there on out.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::ControlFlow,
    time::{Duration, Instant},
};

use rdkafka::Message as _;
use tokio_util::sync::CancellationToken;

use super::{
    letter::{self, Shown},
    model::{DeadLettersError, Filter, Letter, LetterId, Order, Page, PageQuery, Source},
    replayed, topics,
    values::decode_all,
};
use crate::offsets::{
    OffsetsError,
    ask::{self, Ends, blocking},
    reader::{Reader, Stretch},
};

/// Most letters of one page.
pub const LIMIT_MAX: usize = 100;
/// Records that are looked at for one page before it is handed out short.
const LOOK_MAX: u64 = 20_000;
/// Longest time for the letters of one page.
const TIME_MAX: Duration = Duration::from_secs(20);
/// Records read at once when going backwards, at first and at most.
const CHUNK_MAX: i64 = 2_000;

/// Shows letters. Pages follow each other without a gap or a repetition, also while new letters
/// arrive: these are before the first page of [`Order::Newest`] and on the last of
/// [`Order::Oldest`].
///
/// Values are decoded as far as they can be, for people to look at: the schema that a letter
/// names may be the very thing that is wrong.
///
/// # Errors
///
/// When the cursor or the limit cannot be, or Kafka does not answer in time. A registry that does
/// not answer only leaves values undecoded.
pub async fn page(source: &Source<'_>, query: &PageQuery) -> Result<Page, DeadLettersError> {
    if !(1..=LIMIT_MAX).contains(&query.limit) {
        return Err(DeadLettersError::refused("/limit", format!("must be 1 to {LIMIT_MAX}")));
    }
    let cursor = query.cursor.as_deref().map(cursor).transpose()?;
    let topic = super::topic(source.namespace, source.pipeline);
    let replays = super::replay_topic(source.namespace, source.pipeline);
    let stop = CancellationToken::new();
    let _stops = stop.clone().drop_guard();
    let looking = {
        let (client, namespace) = (source.kafka.clone(), source.namespace.to_owned());
        let (topic, query) = (topic.clone(), query.clone());
        blocking("read dead letters", move || {
            let deadline = Instant::now() + TIME_MAX;
            let reader = Reader::new(&client, &namespace, deadline, stop)?;
            let ends = ask::ends(reader.consumer(), &topic, deadline)?;
            let mut look = Look::new(&reader, &topic, &query);
            let next = look.all(&ends, cursor)?;
            let (mut letters, looked_at) = (look.letters, look.looked_at);
            let replays_known = replayed::mark(&reader, &replays, &mut letters, deadline);
            Ok((ends, letters, looked_at, next, replays_known))
        })
    };
    let (ends, mut letters, looked_at, next, replays_known) = looking.await?;
    let exists = !ends.is_empty();
    let retention_ms = match exists {
        true => topics::settings(source.kafka, &topic).await?.retention_ms,
        false => None,
    };
    decode_all(source.registry, &mut letters).await;
    let total = ends.values().map(|ends| (ends.high - ends.low).unsigned_abs()).sum();
    let next = next.map(|id| format!("{}:{}", id.partition, id.offset));
    Ok(Page { topic, exists, total, retention_ms, letters, next, looked_at, replays_known })
}

/// Shows one letter; `None` when there is none, or none any more.
///
/// # Errors
///
/// When Kafka does not answer in time.
pub async fn one(source: &Source<'_>, id: LetterId) -> Result<Option<Letter>, DeadLettersError> {
    let topic = super::topic(source.namespace, source.pipeline);
    let replays = super::replay_topic(source.namespace, source.pipeline);
    let (client, namespace) = (source.kafka.clone(), source.namespace.to_owned());
    let stop = CancellationToken::new();
    let _stops = stop.clone().drop_guard();
    let found = blocking("read a dead letter", move || {
        let deadline = Instant::now() + TIME_MAX;
        let reader = Reader::new(&client, &namespace, deadline, stop)?;
        let ends = ask::ends(reader.consumer(), &topic, deadline)?;
        let LetterId { partition, offset } = id;
        let there = ends.get(&partition).is_some_and(|e| (e.low..e.high).contains(&offset));
        if !there {
            return Ok(Vec::new());
        }
        let stretch = Stretch { topic: &topic, partition, from: offset, to: offset + 1 };
        let found =
            reader.read(stretch, |record| ControlFlow::Break(letter::read(record, Shown::PAGE)))?;
        let mut letters: Vec<Letter> = found.into_iter().collect();
        replayed::mark(&reader, &replays, &mut letters, deadline);
        Ok(letters)
    });
    let mut letters = found.await?;
    decode_all(source.registry, &mut letters).await;
    Ok(letters.pop())
}

fn cursor(text: &str) -> Result<LetterId, DeadLettersError> {
    let parse = || {
        let (partition, offset) = text.split_once(':')?;
        let id = LetterId { partition: partition.parse().ok()?, offset: offset.parse().ok()? };
        (id.partition >= 0 && id.offset >= 0).then_some(id)
    };
    parse().ok_or_else(|| {
        DeadLettersError::refused("/cursor", "must be `next` of the page before, unchanged")
    })
}

/// One page being put together.
struct Look<'a> {
    reader: &'a Reader,
    topic: &'a str,
    filter: &'a Filter,
    order: Order,
    limit: usize,
    letters: Vec<Letter>,
    looked_at: u64,
}

impl<'a> Look<'a> {
    fn new(reader: &'a Reader, topic: &'a str, query: &'a PageQuery) -> Self {
        let PageQuery { filter, order, limit, .. } = query;
        let (order, limit) = (*order, *limit);
        Self { reader, topic, filter, order, limit, letters: Vec::new(), looked_at: 0 }
    }

    /// Fills the page, one partition after the other. Returns where the next one begins: behind
    /// this offset when going forwards, below it when going backwards.
    fn all(
        &mut self,
        ends: &BTreeMap<i32, Ends>,
        cursor: Option<LetterId>,
    ) -> Result<Option<LetterId>, OffsetsError> {
        let backwards = self.order == Order::Newest;
        let mut places: Vec<(i32, Ends)> = ends.iter().map(|(id, ends)| (*id, *ends)).collect();
        if backwards {
            places.reverse();
        }
        for (partition, ends) in places {
            let mut ends = ends;
            if let Some(cursor) = cursor {
                let done = match self.order {
                    Order::Newest => partition > cursor.partition,
                    Order::Oldest => partition < cursor.partition,
                };
                if done {
                    continue;
                }
                match self.order {
                    Order::Newest if partition == cursor.partition => {
                        ends.high = ends.high.min(cursor.offset);
                    }
                    Order::Oldest if partition == cursor.partition => {
                        ends.low = ends.low.max(cursor.offset);
                    }
                    Order::Newest | Order::Oldest => {}
                }
            }
            let stopped_at = match self.order {
                Order::Newest => self.backwards(partition, ends)?,
                Order::Oldest => self.forwards(partition, ends)?,
            };
            if let Some(offset) = stopped_at {
                return Ok(Some(LetterId { partition, offset }));
            }
        }
        Ok(None)
    }

    fn is_full(&self) -> bool {
        self.letters.len() >= self.limit || self.looked_at >= LOOK_MAX
    }

    /// Takes letters from the oldest on. Returns where it stopped before the end.
    fn forwards(&mut self, partition: i32, ends: Ends) -> Result<Option<i64>, OffsetsError> {
        let (reader, topic) = (self.reader, self.topic);
        let stretch = Stretch { topic, partition, from: ends.low, to: ends.high };
        reader.read(stretch, |record| {
            if self.is_full() {
                return ControlFlow::Break(record.offset());
            }
            self.looked_at += 1;
            if letter::passes(self.filter, record) {
                self.letters.push(letter::read(record, Shown::PAGE));
            }
            ControlFlow::Continue(())
        })
    }

    /// Takes letters from the newest on: chunks of records are read forwards, from back to
    /// front. Returns where it stopped before the beginning.
    fn backwards(&mut self, partition: i32, ends: Ends) -> Result<Option<i64>, OffsetsError> {
        let mut high = ends.high;
        // Most pages are filled by as many records.
        let mut size = i64::try_from(self.limit).unwrap_or(CHUNK_MAX);
        while high > ends.low {
            if self.is_full() {
                return Ok(Some(high));
            }
            let low = high.saturating_sub(size).max(ends.low);
            let room = self.limit - self.letters.len();
            let mut kept: VecDeque<Letter> = VecDeque::new();
            let mut left_out = false;
            let stretch = Stretch { topic: self.topic, partition, from: low, to: high };
            self.reader.read(stretch, |record| {
                self.looked_at += 1;
                if letter::passes(self.filter, record) {
                    if kept.len() == room {
                        kept.pop_front();
                        left_out = true;
                    }
                    kept.push_back(letter::read(record, Shown::PAGE));
                }
                ControlFlow::<()>::Continue(())
            })?;
            high = match kept.front() {
                Some(oldest) if left_out => oldest.id.offset,
                Some(_) | None => low,
            };
            self.letters.extend(kept.into_iter().rev());
            size = (size * 4).min(CHUNK_MAX);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
