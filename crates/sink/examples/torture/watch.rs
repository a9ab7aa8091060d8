//! Logs of the sinks in, signs out, and who has which partition.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use tokio::time;

use crate::{
    kind::Sign,
    signs::{Seen, Signs},
    sinks::Name,
};

/// How often the logs are looked at; signs are that old at most.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Longest pause between two batches of a sink that flows: a few times their age.
const FLOWING: Duration = Duration::from_millis(600);

/// Codes in the text of a refused commit that mean that nobody answered, or nobody in charge.
const UNANSWERED: [&str; 5] = ["Transport", "Coordinator", "AllBrokersDown", "Network", "TimedOut"];

/// Reads the logs of all sinks.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The topic whose partitions are meant; the sinks also own that of replayed dead letters.
    topic: &'static str,
    pub(crate) signs: Signs,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    logs: Vec<Log>,
    owners: BTreeMap<i32, Owner>,
    /// Where each sink serves its metrics.
    addresses: BTreeMap<Name, String>,
    /// One past the highest offset that was inserted.
    ends: BTreeMap<i32, i64>,
    /// When each sink has inserted a batch last.
    inserted: BTreeMap<Name, Instant>,
    /// Why a partition was stopped: no disruption is a reason for that.
    stopped: Option<String>,
}

#[derive(Debug)]
struct Log {
    sink: Name,
    file: BufReader<File>,
    /// A line that is not complete yet.
    begun: Vec<u8>,
}

/// The sink that was given a partition last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) sink: Name,
    pub(crate) since: Instant,
}

/// A line of a sink's log, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Line {
    fields: Fields,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    message: String,
    topic: String,
    partition: Option<i32>,
    offset: Option<i64>,
    token: String,
    error: String,
    reason: String,
    address: String,
}

impl Watch {
    pub(crate) fn of(topic: &'static str) -> Self {
        Self { topic, signs: Signs::default(), state: Mutex::default() }
    }

    /// Reads this log as well from now on. A sink that starts has no partitions.
    pub(crate) fn add(&self, sink: Name, log: &Path) -> anyhow::Result<()> {
        let file = File::open(log).with_context(|| format!("open {}", log.display()))?;
        let mut state = self.state();
        // What the one before it had to say has been said.
        self.read_all(&mut state)?;
        state.logs.retain(|log| log.sink != sink);
        state.logs.push(Log { sink, file: BufReader::new(file), begun: Vec::new() });
        Ok(())
    }

    /// Reads what there is, and returns the time after which whatever is seen is new.
    pub(crate) fn now(&self) -> anyhow::Result<Instant> {
        let mut state = self.state();
        self.read_all(&mut state)?;
        match &state.stopped {
            Some(reason) => bail!("a partition was stopped: {reason}"),
            None => Ok(Instant::now()),
        }
    }

    /// Where this sink serves its metrics, once it has said so.
    pub(crate) fn address(&self, sink: Name) -> Option<String> {
        self.state().addresses.get(&sink).cloned()
    }

    /// Whether this sink inserts: then it has a range in flight, or will in a moment.
    pub(crate) fn flows(&self, sink: Name) -> bool {
        let state = self.state();
        state.inserted.get(&sink).is_some_and(|at| at.elapsed() < FLOWING)
    }

    /// Reads on and on.
    pub(crate) async fn run(&self) -> anyhow::Result<()> {
        loop {
            self.now()?;
            time::sleep(LOOK_EVERY).await;
        }
    }

    /// Who was given each partition last.
    pub(crate) fn owners(&self) -> BTreeMap<i32, Owner> {
        self.state().owners.clone()
    }

    fn read_all(&self, state: &mut State) -> anyhow::Result<()> {
        let mut logs = std::mem::take(&mut state.logs);
        for log in &mut logs {
            let mut text = std::mem::take(&mut log.begun);
            while log.file.read_until(b'\n', &mut text).context("read a log")? > 0 {
                if text.last() != Some(&b'\n') {
                    continue; // the next read is the end, or the rest
                }
                if let Ok(Line { fields }) = serde_json::from_slice(&text) {
                    self.heard(log.sink, &fields, state);
                }
                text.clear();
            }
            log.begun = text;
        }
        state.logs = logs;
        Ok(())
    }

    fn heard(&self, sink: Name, fields: &Fields, state: &mut State) {
        let saw = |sign| {
            self.signs.saw(Seen { sign, sink: Some(sink), partition: fields.partition });
        };
        match (fields.message.as_str(), fields.partition.filter(|_| fields.topic == self.topic)) {
            ("partition assigned", Some(partition)) => {
                state.owners.insert(partition, Owner { sink, since: Instant::now() });
                let end = state.ends.get(&partition).copied().unwrap_or(0);
                if fields.offset.is_some_and(|offset| offset < end) {
                    saw(Sign::ReadAgain);
                }
            }
            ("serving health and metrics", _) => {
                state.addresses.insert(sink, fields.address.clone());
            }
            ("batch inserted", _) => {
                state.inserted.insert(sink, Instant::now());
                if let Some((partition, end)) = covered(&fields.token) {
                    let known = state.ends.entry(partition).or_default();
                    *known = end.max(*known);
                }
            }
            ("partition stopped", _) => state.stopped = Some(fields.reason.clone()),
            ("range is replayed", _) => saw(Sign::Replayed),
            ("offsets not committed, trying on", _) => {
                let unanswered = UNANSWERED.iter().any(|code| fields.error.contains(code));
                saw(if unanswered { Sign::CommitUnanswered } else { Sign::CommitRefused });
            }
            ("commit refused", _) => saw(Sign::CommitRefused),
            ("worker begins anew", _) => saw(Sign::BeganAnew),
            ("partitions lost", _) => saw(Sign::PartitionsLost),
            ("insert failed, trying again" | "insert still fails, trying on", _) => {
                saw(Sign::InsertRetried);
            }
            _ => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Partition and end of the range that a token names: `topic:partition:first-last:nonce`.
fn covered(token: &str) -> Option<(i32, i64)> {
    let mut parts = token.split(':').skip(1);
    let partition = parts.next()?.parse().ok()?;
    let (_, last) = parts.next()?.split_once('-')?;
    Some((partition, last.parse::<i64>().ok()? + 1))
}
