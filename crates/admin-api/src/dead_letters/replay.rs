//! Dead letters in, copies of their records in the pipeline's replay topic out.
//!
//! [`known`] tells which records were replayed before, [`run`] takes the letters one after the
//! other, [`write`] writes the copies in transactions. Whoever replays fences others who replay for the same pipeline, then looks what
//! has been replayed, then writes: so no record is replayed twice unless somebody insists.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use self::{known::Known, run::Run, write::Writer};
use super::{
    model::{DeadLettersError, Filter, LetterId, Source},
    topics,
};
use crate::offsets::{
    ask::{self, blocking},
    reader::Reader,
};

mod known;
mod run;
mod write;

/// Most letters that can be named one by one.
const NAMED_MAX: usize = 1_000;
/// Refusals that are told one by one.
const REFUSALS_MAX: usize = 100;

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
        let run = Run { reader, letters, writer, known, left: limits.letters_max, deadline, done };
        Ok(run.through(&selection))
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
