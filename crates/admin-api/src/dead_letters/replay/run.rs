//! Letters of a selection in, copies of their records and refusals out, one after the other.

use std::{collections::BTreeSet, ops::ControlFlow, time::Instant};

use rdkafka::{Message as _, message::BorrowedMessage};

use super::{
    Refusal, Replayed, Selection,
    known::Known,
    write::{Copy, Writer},
};
use crate::{
    dead_letters::{
        letter,
        model::{DeadLettersError, Filter, LetterId},
    },
    offsets::{
        ask,
        reader::{Reader, Stretch},
    },
};

/// Up to so many offsets are read over: jumping costs a round trip.
const JUMP_MIN: i64 = 500;

/// A replay under way.
pub(super) struct Run {
    pub(super) reader: Reader,
    pub(super) letters: String,
    pub(super) writer: Writer,
    pub(super) known: Known,
    pub(super) left: u64,
    pub(super) deadline: Instant,
    pub(super) done: Replayed,
}

impl Run {
    /// Replays what is selected, and tells what became of it.
    pub(super) fn through(mut self, selection: &Selection) -> Result<Replayed, DeadLettersError> {
        let written = match selection {
            Selection::Letters(ids) => self.named(ids),
            Selection::All(filter) => self.all(filter),
        };
        // What is written and not committed yet is committed also when reading ended early.
        let written = written.and_then(|()| self.commit());
        match written {
            Ok(()) => Ok(self.done),
            Err(error) if self.done.replayed == 0 => Err(error),
            Err(error) => {
                self.done.stopped = Some(error.to_string());
                Ok(self.done)
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
    let Some(copy) = Copy::of(record, &headers, writer.topic()) else {
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
