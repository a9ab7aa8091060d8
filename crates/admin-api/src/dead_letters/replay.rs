//! Dead letters in, copies of their records in the pipeline's replay topic out.
//!
//! [`known`] tells which records were replayed before, [`write`] writes the copies in
//! transactions. Whoever replays fences others who replay for the same pipeline, then looks what
//! has been replayed, then writes: so no record is replayed twice unless somebody insists.

use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use rdkafka::{Message as _, message::BorrowedMessage};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use self::{known::Known, write::Writer};
use super::{
    letter,
    model::{DeadLettersError, Filter, LetterId, Source},
    topics,
};
use crate::offsets::{
    ask::{self, blocking},
    reader::{Reader, Stretch},
};

mod known;
mod write;

/// Most letters that can be named one by one.
const NAMED_MAX: usize = 1_000;
/// Refusals that are told one by one.
const REFUSALS_MAX: usize = 100;
/// Up to so many offsets are read over: jumping costs a round trip.
const JUMP_MIN: i64 = 500;

/// Which letters to replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Selection {
    /// These.
    Letters(Vec<LetterId>),
    /// All that are there now and pass.
    All(Filter),
}

/// What a replay may take.
#[derive(Clone, Copy, Debug)]
pub struct ReplayLimits {
    /// Most letters.
    pub letters_max: u64,
    /// Longest time.
    pub time_max: Duration,
    /// Most replayed records kept in memory to compare with, about 40 bytes each.
    pub known_max: usize,
}

impl Default for ReplayLimits {
    fn default() -> Self {
        let time_max = Duration::from_secs(600);
        Self { letters_max: 1_000_000, time_max, known_max: 1_000_000 }
    }
}

/// What a replay did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Replayed {
    /// The topic the copies are in.
    pub topic: String,
    /// Copies written: each is acknowledged by all replicas that must.
    pub replayed: u64,
    /// Letters that were not replayed.
    pub refused: u64,
    /// Why, of the first hundred of them.
    pub refusals: Vec<Refused>,
    /// Why it ended before it was through. Asking again goes on from there, because what was
    /// replayed is known.
    pub stopped: Option<String>,
}

/// A letter that was not replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refused {
    /// Which.
    #[serde(flatten)]
    pub letter: LetterId,
    /// Why not.
    pub why: Refusal,
}

/// Why a letter is not replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// There is no such letter, or not any more.
    Gone,
    /// Something else wrote it: nobody knows which record it was.
    NotALetter,
    /// Its record was replayed before, and `force` is not set.
    ReplayedBefore,
    /// Another letter of the same record is in the same selection.
    Twice,
    /// It is larger than any record can be.
    TooLarge,
}

/// Replays letters: writes copies of their records into the replay topic, which is created if it
/// is missing.
///
/// Key, value and headers are the original ones. Behind the headers stand ours:
/// `penstock.topic`, `.partition`, `.offset` and `.timestamp` as the letter has them,
/// `penstock.attempt` one higher, `penstock.origin` with the place of the first record
/// (`topic/partition/offset`; it differs when the record has been replayed before and failed
/// again), `penstock.dead-letter.partition` and `.offset`. The copy's own timestamp is the time
/// of the replay, so that retention counts from there.
///
/// A row that is made of a copy has `_topic`, `_partition` and `_offset` of the *copy*: for the
/// sink it is a record like any other, and exactly once holds for it unchanged. The replay topic
/// has offsets without records, those of transaction markers.
///
/// A record is replayed once, unless `force` is set: a second letter of it, written by a sink
/// that was killed before it committed, is refused too. What was replayed is known for as long as
/// the replay topic keeps it, which is no shorter than the letter itself is kept.
///
/// # Errors
///
/// When the selection cannot be, Kafka does not answer, or somebody else replays: in each case
/// before anything was written. What happens later is told in [`Replayed::stopped`].
pub async fn replay(
    source: &Source<'_>,
    selection: &Selection,
    force: bool,
    limits: &ReplayLimits,
) -> Result<Replayed, DeadLettersError> {
    check(selection)?;
    let letters = super::topic(source.namespace, source.pipeline);
    let copies = super::replay_topic(source.namespace, source.pipeline);
    let (client, namespace) = (source.kafka.clone(), source.namespace.to_owned());
    let deadline = Instant::now() + limits.time_max;
    let stop = CancellationToken::new();
    let _stops = stop.clone().drop_guard();
    let exists = {
        let (client, namespace) = (client.clone(), namespace.clone());
        let (letters, stop) = (letters.clone(), stop.clone());
        blocking("look at a topic", move || {
            let reader = Reader::new(&client, &namespace, deadline, stop)?;
            Ok(!ask::partitions(reader.consumer(), &letters)?.is_empty())
        })
    };
    if !exists.await? {
        return Ok(Replayed { topic: copies, ..Replayed::default() }.without(selection));
    }
    let settings = topics::settings(source.kafka, &letters).await?;
    topics::create_replay(source.kafka, &copies, settings).await?;
    let (limits, selection) = (*limits, selection.clone());
    let work = move || {
        let reader = Reader::new(&client, &namespace, deadline, stop)?;
        let writer = match Writer::open(&client, &copies, deadline) {
            Ok(writer) => writer,
            Err(error) => return Ok(Err(error)),
        };
        let known = match force {
            true => Known::default(),
            false => Known::read(&reader, &copies, limits.known_max, deadline)?,
        };
        let done = Replayed { topic: copies, ..Replayed::default() };
        let mut replay =
            Replay { reader, letters, writer, known, left: limits.letters_max, deadline, done };
        Ok(replay.run(&selection).map(|()| replay.done))
    };
    blocking("replay dead letters", work).await?
}

fn check(selection: &Selection) -> Result<(), DeadLettersError> {
    let Selection::Letters(ids) = selection else { return Ok(()) };
    if ids.is_empty() || ids.len() > NAMED_MAX {
        let message = format!("name 1 to {NAMED_MAX} letters, or choose all");
        return Err(DeadLettersError::refused("/letters", message));
    }
    Ok(())
}

impl Replayed {
    /// Of a topic that does not exist.
    fn without(mut self, selection: &Selection) -> Self {
        if let Selection::Letters(ids) = selection {
            ids.iter().for_each(|id| self.refuse(*id, Refusal::Gone));
        }
        self
    }

    fn refuse(&mut self, letter: LetterId, why: Refusal) {
        self.refused += 1;
        if self.refusals.len() < REFUSALS_MAX {
            self.refusals.push(Refused { letter, why });
        }
    }
}

/// A replay under way.
struct Replay {
    reader: Reader,
    letters: String,
    writer: Writer,
    known: Known,
    left: u64,
    deadline: Instant,
    done: Replayed,
}

impl Replay {
    fn run(&mut self, selection: &Selection) -> Result<(), DeadLettersError> {
        let written = match selection {
            Selection::Letters(ids) => self.named(ids),
            Selection::All(filter) => self.all(filter),
        };
        // What is written and not committed yet is committed also when reading ended early.
        let written = written.and_then(|()| self.commit());
        match written {
            Ok(()) => Ok(()),
            Err(error) if self.done.replayed == 0 => Err(error),
            Err(error) => {
                self.done.stopped = Some(error.to_string());
                Ok(())
            }
        }
    }

    fn all(&mut self, filter: &Filter) -> Result<(), DeadLettersError> {
        let topic = self.letters.clone();
        for (partition, ends) in ask::ends(self.reader.consumer(), &topic, self.deadline)? {
            let stretch = Stretch { topic: &topic, partition, from: ends.low, to: ends.high };
            self.take(stretch, |record| letter::passes(filter, record))?;
            if self.done.stopped.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn named(&mut self, ids: &[LetterId]) -> Result<(), DeadLettersError> {
        let topic = self.letters.clone();
        let ends = ask::ends(self.reader.consumer(), &topic, self.deadline)?;
        let mut wanted: BTreeSet<LetterId> = ids.iter().copied().collect();
        let near: Vec<LetterId> = wanted
            .iter()
            .filter(|id| {
                ends.get(&id.partition).is_some_and(|e| (e.low..e.high).contains(&id.offset))
            })
            .copied()
            .collect();
        let run = |a: &LetterId, b: &LetterId| {
            a.partition == b.partition && b.offset - a.offset <= JUMP_MIN
        };
        for run in near.chunk_by(run) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            let (partition, from, to) = (first.partition, first.offset, last.offset + 1);
            let stretch = Stretch { topic: &topic, partition, from, to };
            self.take(stretch, |record| {
                let id = LetterId { partition: record.partition(), offset: record.offset() };
                wanted.remove(&id)
            })?;
            if self.done.stopped.is_some() {
                return Ok(());
            }
        }
        wanted.into_iter().for_each(|id| self.done.refuse(id, Refusal::Gone));
        Ok(())
    }

    /// Replays the letters of a stretch that are chosen.
    fn take(
        &mut self,
        stretch: Stretch<'_>,
        mut chosen: impl FnMut(&BorrowedMessage<'_>) -> bool,
    ) -> Result<(), DeadLettersError> {
        let Self { reader, writer, known, left, done, .. } = self;
        let failed = reader.read(stretch, |record| {
            if !chosen(record) {
                return ControlFlow::Continue(());
            }
            if *left == 0 {
                done.stopped = Some("the limit of letters is reached".to_owned());
                return ControlFlow::Break(None);
            }
            *left -= 1;
            match one(writer, known, record) {
                Ok(None) => {}
                Ok(Some(why)) => {
                    let letter =
                        LetterId { partition: record.partition(), offset: record.offset() };
                    done.refuse(letter, why);
                }
                Err(error) => return ControlFlow::Break(Some(error)),
            }
            match writer.commit_if_due() {
                Ok(written) => {
                    done.replayed += written;
                    ControlFlow::Continue(())
                }
                Err(error) => ControlFlow::Break(Some(error)),
            }
        })?;
        failed.flatten().map_or(Ok(()), Err)
    }

    fn commit(&mut self) -> Result<(), DeadLettersError> {
        self.done.replayed += self.writer.commit()?;
        Ok(())
    }
}

/// Writes the copy of one letter's record, or says why not.
fn one(
    writer: &mut Writer,
    known: &mut Known,
    record: &BorrowedMessage<'_>,
) -> Result<Option<Refusal>, DeadLettersError> {
    let headers = letter::headers(record);
    let Some(copy) = write::Copy::of(record, &headers, writer.topic()) else {
        return Ok(Some(Refusal::NotALetter));
    };
    if let Some(why) = known.refuses(&copy.position) {
        return Ok(Some(why));
    }
    if !writer.send(record, &copy)? {
        return Ok(Some(Refusal::TooLarge));
    }
    known.add(copy.position);
    Ok(None)
}
