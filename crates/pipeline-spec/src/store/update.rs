//! A function that changes the state in, its changes in the one order of all changes out.
//!
//! **Invariant:** what an update decided on was the newest state. Either it was read after taking
//! over, or the commit itself proved that nobody had taken over since.

use std::time::Duration;

use rand::Rng as _;
use tokio::time::{self, Instant};

use super::{
    Store,
    client::Isolation,
    entry::Change,
    error::{StoreError, UpdateError, chain},
    newest,
    reader::Reader,
    records,
    snapshot::Snapshot,
    writer::{Cause, Lost, Record, Writer, cause},
};

/// How long an update is tried.
const UPDATE_MAX: Duration = Duration::from_secs(30);
/// How long one attempt may wait for Kafka.
const ATTEMPT_MAX: Duration = Duration::from_secs(10);
/// The least pause after losing to another writer.
const PAUSE: Duration = Duration::from_millis(40);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Most outdated keys that one update removes.
const REMOVALS_MAX: usize = 100;

/// The writer of one process, kept from update to update while nobody else takes over.
pub(super) struct Turn {
    /// What this writer has read and written.
    state: Snapshot,
    writer: Writer,
}

/// How one attempt ended without an answer.
struct Setback {
    cause: Cause,
    error: StoreError,
}

/// An update whose commit got no answer, and what to answer if it turns out to have happened.
struct Doubt<T> {
    update: String,
    answer: T,
}

impl Store {
    /// Changes pipelines. `change` is given the newest state and says what to write, and what to
    /// answer; all its changes are written at once or not at all.
    ///
    /// `change` may be asked more than once, and only the last time counts: it must do nothing
    /// but decide. Updates of all processes have one order, and each sees all before it.
    ///
    /// # Errors
    ///
    /// With what `change` refused with; or when Kafka refuses, cannot be reached within 30 s, or
    /// other writers were faster for that long.
    pub async fn update<T, E>(
        &self,
        mut change: impl FnMut(&Snapshot) -> Result<(Vec<Change>, T), E>,
    ) -> Result<T, UpdateError<E>> {
        let deadline = Instant::now() + UPDATE_MAX;
        let Ok(mut turn) = time::timeout_at(deadline, self.inner.turn.lock()).await else {
            return Err(StoreError::Busy(UPDATE_MAX).into());
        };
        let mut doubt: Option<Doubt<T>> = None;
        let mut attempt = 0;
        loop {
            let began = Instant::now();
            // Taken out: when this future is dropped halfway, the next update starts afresh.
            let kept = turn.take();
            let is_fresh = kept.is_none();
            let own = match kept {
                Some(own) => own,
                None => {
                    let in_doubt = doubt.as_ref().map(|doubt| doubt.update.clone());
                    let (own, has_happened) = match self.take_over(deadline, in_doubt).await {
                        Ok(taken) => taken,
                        Err(setback) => {
                            pause(&setback, began, attempt, deadline, doubt.is_some()).await?;
                            attempt += 1;
                            continue;
                        }
                    };
                    if let Some(doubt) = doubt.take().filter(|_| has_happened) {
                        *turn = Some(own);
                        return Ok(doubt.answer);
                    }
                    own
                }
            };
            let (changes, answer) = match change(&own.state) {
                Ok((changes, answer)) if !changes.is_empty() => (changes, answer),
                // Nothing to write, so no commit proves that the state was the newest.
                Ok(_) | Err(_) if !is_fresh => {
                    discard(own);
                    continue;
                }
                Ok((_, answer)) => {
                    *turn = Some(own);
                    return Ok(answer);
                }
                Err(refusal) => {
                    *turn = Some(own);
                    return Err(UpdateError::Refused(refusal));
                }
            };
            let update = format!("{:032x}", rand::rng().random::<u128>());
            let records = match records::of(&self.inner.clients, &own.state, changes, &update) {
                Ok(records) => records,
                Err(_) if !is_fresh => {
                    discard(own);
                    continue;
                }
                Err(error) => {
                    *turn = Some(own);
                    return Err(error.into());
                }
            };
            match self.commit(own, records, deadline).await {
                Ok(own) => {
                    *turn = Some(own);
                    return Ok(answer);
                }
                Err((setback, is_unknown)) => {
                    doubt = is_unknown.then_some(Doubt { update, answer });
                    pause(&setback, began, attempt, deadline, doubt.is_some()).await?;
                    attempt += 1;
                }
            }
        }
    }

    /// Becomes the writer and reads everything that earlier ones have committed; tells whether
    /// the update `in_doubt` is part of it. If it is not, it never will be.
    async fn take_over(
        &self,
        deadline: Instant,
        in_doubt: Option<String>,
    ) -> Result<(Turn, bool), Setback> {
        let clients = self.inner.clients.clone();
        let within = within(deadline);
        blocking(move || {
            let deadline = std::time::Instant::now() + within;
            let topic = clients.topic("pipelines");
            // Made first: it connects while the right to write is being taken.
            let reader = Reader::new(&clients, &topic, Isolation::Committed);
            let reader = reader.map_err(StoreError::kafka("make a consumer"));
            let reader = reader.map_err(Setback::refused)?;
            let writer = Writer::take_over(&clients, within).map_err(|error| {
                Setback::of(cause(&error), StoreError::kafka("take over writing pipelines")(error))
            })?;
            let newest = newest::read(&reader, deadline, in_doubt.as_deref());
            let newest = newest.map_err(Setback::outage)?;
            Ok((Turn { state: newest.state, writer }, newest.has_update))
        })
        .await
        .unwrap_or_else(|error| Err(Setback::refused(error)))
    }

    /// Writes and commits; `true` beside an error when it may have happened all the same.
    async fn commit(
        &self,
        mut own: Turn,
        mut records: Vec<Record>,
        deadline: Instant,
    ) -> Result<Turn, (Setback, bool)> {
        let outdated = self.inner.outdated(REMOVALS_MAX);
        records.extend(records::removals(&self.inner.clients, &outdated));
        let topic = self.inner.clients.topic("pipelines");
        let within = within(deadline);
        blocking(move || {
            let lost = own.writer.commit(&records, within).err();
            let (error, is_unknown) = match lost {
                None => {
                    for record in records.iter().filter(|record| record.topic == topic) {
                        let key = record.key.as_deref().unwrap_or_default();
                        own.state.apply(key, record.value.as_deref());
                    }
                    return Ok(own);
                }
                Some(Lost::NotWritten(error)) => (error, false),
                Some(Lost::Unknown(error)) => (error, true),
            };
            let error_cause = cause(&error);
            Err((Setback::of(error_cause, StoreError::kafka("write pipelines")(error)), is_unknown))
        })
        .await
        // Whatever ended the thread, it may have been after the commit.
        .unwrap_or_else(|error| Err((Setback::outage(error), true)))
    }
}

impl Setback {
    fn of(cause: Cause, error: StoreError) -> Self {
        Self { cause, error }
    }

    fn refused(error: StoreError) -> Self {
        Self::of(Cause::Refused, error)
    }

    fn outage(error: StoreError) -> Self {
        Self::of(Cause::Outage, error)
    }
}

/// Waits before the next attempt, if there may be one. Random, so that two writers that lost to
/// each other do not meet again, and in proportion to how long an attempt takes here and now:
/// with shorter pauses, writers on a slow machine would do nothing but fence each other.
async fn pause(
    setback: &Setback,
    began: Instant,
    attempt: u32,
    deadline: Instant,
    in_doubt: bool,
) -> Result<(), StoreError> {
    let most = began.elapsed().max(PAUSE).saturating_mul(1 << attempt.min(3)).min(PAUSE_MAX);
    let left = deadline.saturating_duration_since(Instant::now());
    let pause = most.mul_f64(rand::rng().random_range(0.1..1.0)).min(left / 2);
    let is_last = left < PAUSE;
    match setback.cause {
        _ if in_doubt && is_last => return Err(StoreError::Unknown),
        Cause::Refused if !in_doubt => return Err(setback.error.clone()),
        Cause::Fenced if is_last => return Err(StoreError::Busy(UPDATE_MAX)),
        Cause::Outage if is_last => return Err(setback.error.clone()),
        Cause::Fenced | Cause::Refused => {}
        Cause::Outage => {
            tracing::warn!(error = %chain(&setback.error), "an update of the store is tried again");
        }
    }
    time::sleep(pause).await;
    Ok(())
}

/// Closing connections blocks for a moment.
fn discard(own: Turn) {
    drop(tokio::task::spawn_blocking(move || drop(own)));
}

fn within(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).min(ATTEMPT_MAX)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|error| StoreError::Internal(error.to_string()))
}
