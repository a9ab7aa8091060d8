//! A place among the dead letters and a filter in, the letters from there on out.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    ops::ControlFlow,
    time::{Duration, Instant},
};

use rdkafka::Message as _;
use registry_client::{Client, SchemaKind};
use schema_map::Schema;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    decoded,
    letter::{self, Shown},
    model::{Content, DeadLettersError, Filter, Letter, LetterId, Order, Page, PageQuery, Source},
    topics,
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
/// Longest time for the schemas of one page.
const SCHEMAS_TIME_MAX: Duration = Duration::from_secs(5);
/// Different schemas of one page that are asked for.
const SCHEMAS_MAX: usize = 20;
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
            Ok((ends, look.letters, look.looked_at, next))
        })
    };
    let (ends, mut letters, looked_at, next) = looking.await?;
    let exists = !ends.is_empty();
    let retention_ms = match exists {
        true => topics::settings(source.kafka, &topic).await?.retention_ms,
        false => None,
    };
    decode_all(source.registry, &mut letters).await;
    let total = ends.values().map(|ends| (ends.high - ends.low).unsigned_abs()).sum();
    let next = next.map(|id| format!("{}:{}", id.partition, id.offset));
    Ok(Page { topic, exists, total, retention_ms, letters, next, looked_at })
}

/// Shows one letter; `None` when there is none, or none any more.
///
/// # Errors
///
/// When Kafka does not answer in time.
pub async fn one(source: &Source<'_>, id: LetterId) -> Result<Option<Letter>, DeadLettersError> {
    let topic = super::topic(source.namespace, source.pipeline);
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
            return Ok(None);
        }
        let stretch = Stretch { topic: &topic, partition, from: offset, to: offset + 1 };
        reader.read(stretch, |record| ControlFlow::Break(letter::read(record, Shown::PAGE)))
    });
    let mut letters: Vec<Letter> = found.await?.into_iter().collect();
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

/// Decodes what can be, within a time.
async fn decode_all(registry: Option<&Client>, letters: &mut [Letter]) {
    let Some(registry) = registry else { return };
    let deadline = Instant::now() + SCHEMAS_TIME_MAX;
    let mut schemas: HashMap<u32, Result<Schema, String>> = HashMap::new();
    for letter in letters {
        let Some(id) = letter.schema_id else { continue };
        if !schemas.contains_key(&id) {
            let left = deadline.saturating_duration_since(Instant::now());
            let found = if schemas.len() < SCHEMAS_MAX {
                let asked = timeout(left, schema(registry, id)).await;
                asked.unwrap_or_else(|_| Err("the registry does not answer in time".to_owned()))
            } else {
                Err("the page has too many different schemas".to_owned())
            };
            schemas.insert(id, found);
        }
        match schemas.get(&id) {
            Some(Ok(schema)) => decode_one(schema, letter),
            Some(Err(why)) => letter.decoded_until = Some(why.clone()),
            None => {}
        }
    }
}

async fn schema(registry: &Client, id: u32) -> Result<Schema, String> {
    let found = registry.schema_by_id(id).await.map_err(|error| error.to_string())?;
    if found.kind != SchemaKind::Avro {
        return Err(format!("schema {id} is {:?}: only Avro is decoded", found.kind));
    }
    let references: Vec<&str> = found.references.iter().map(|r| r.text.as_str()).collect();
    Schema::parse(&found.text, &references).map_err(|error| format!("schema {id}: {error}"))
}

fn decode_one(schema: &Schema, letter: &mut Letter) {
    let Some(Content { hex, truncated, .. }) = &letter.value else { return };
    // The framing has been found: it is five bytes long.
    let datum = unhex(hex.get(10..).unwrap_or_default());
    let decoded = decoded::read(schema, &datum);
    letter.decoded = Some(decoded.value);
    letter.decoded_until = decoded.until.map(|until| match truncated {
        true => format!("{until} (only the first bytes of the value were looked at)"),
        false => until,
    });
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    hex.as_bytes().chunks(2).filter_map(byte).collect()
}

#[cfg(test)]
mod tests;
