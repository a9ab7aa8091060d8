//! The topic of pipelines in, a snapshot after every change out, through every outage.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{Message as _, message::BorrowedMessage};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Store,
    client::{Clients, Isolation},
    error::{StoreError, chain},
    reader::{Reader, is_outage},
    snapshot::Snapshot,
};

/// How long a follower waits for news before it looks whether it shall stop.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);
/// How long it waits before it begins from scratch.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// How often it compares its place with the end of the topic.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Most records taken in before they are shown though more are there.
const IN_A_ROW_MAX: u32 = 1_000;
const ACTION: &str = "follow a topic of the store";

impl Store {
    /// Follows the pipelines: the first snapshot comes when everything has been read, another
    /// one after every change. Outages of Kafka are waited out, with the last snapshot standing.
    ///
    /// It ends, and closes the channel, when `stop` is cancelled or nobody listens any more.
    #[must_use]
    pub fn follow(&self, stop: CancellationToken) -> watch::Receiver<Option<Arc<Snapshot>>> {
        let (publish, snapshots) = watch::channel(None);
        let clients = self.inner.clients.clone();
        let follower = Pipelines { publish, state: Arc::default(), changed: false };
        spawn("follow-pipelines", clients, "pipelines", Isolation::Committed, follower, stop);
        snapshots
    }
}

/// What becomes of the records that a follower reads.
pub(super) trait Follower: Send + 'static {
    /// Everything known so far is void: the topic is read from its beginning, up to where it
    /// ends now.
    fn begin(&mut self);
    /// One record.
    fn take(&mut self, record: &BorrowedMessage<'_>);
    /// Everything written before we came has been read.
    fn has_caught_up(&mut self) {}
    /// There is no more for the moment.
    fn rest(&mut self);
    /// Whether nobody listens any more.
    fn is_idle(&self) -> bool;
}

struct Pipelines {
    publish: watch::Sender<Option<Arc<Snapshot>>>,
    state: Arc<Snapshot>,
    changed: bool,
}

impl Follower for Pipelines {
    fn begin(&mut self) {
        self.state = Arc::default();
        // A store without pipelines is news, too.
        self.changed = true;
    }

    fn take(&mut self, record: &BorrowedMessage<'_>) {
        let key = record.key().unwrap_or_default();
        self.changed |= Arc::make_mut(&mut self.state).apply(key, record.payload());
    }

    fn rest(&mut self) {
        if std::mem::take(&mut self.changed) {
            self.publish.send_replace(Some(self.state.clone()));
        }
    }

    fn is_idle(&self) -> bool {
        self.publish.is_closed()
    }
}

/// Runs a follower on a thread of its own: the client's calls block.
pub(super) fn spawn(
    name: &'static str,
    clients: Clients,
    kind: &'static str,
    isolation: Isolation,
    mut follower: impl Follower,
    stop: CancellationToken,
) {
    let topic = clients.topic(kind);
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        let is_over = |follower: &_| stop.is_cancelled() || Follower::is_idle(follower);
        let mut away = Away { topic: topic.clone(), is_told: false };
        while !is_over(&follower) {
            let ended = follow(&clients, &topic, isolation, &mut follower, &is_over, &mut away);
            if let Err(error) = ended {
                away.tell(&chain(&error));
                let again = Instant::now() + PAUSE;
                while Instant::now() < again && !is_over(&follower) {
                    std::thread::park_timeout(PATIENCE);
                }
            }
        }
    });
    if let Err(error) = thread {
        tracing::error!(error = %error, "no thread to follow a topic of the store");
    }
}

/// Tells of an outage once, and of its end.
struct Away {
    topic: String,
    is_told: bool,
}

impl Away {
    fn tell(&mut self, error: &str) {
        if !std::mem::replace(&mut self.is_told, true) {
            tracing::warn!(topic = self.topic, error, "the store cannot be followed for now");
        }
    }

    fn ended(&mut self) {
        if std::mem::take(&mut self.is_told) {
            tracing::info!(topic = self.topic, "the store is followed again");
        }
    }
}

/// Returns when it is over; with an error when only a new beginning helps.
fn follow<F: Follower>(
    clients: &Clients,
    topic: &str,
    isolation: Isolation,
    follower: &mut F,
    is_over: &impl Fn(&F) -> bool,
    away: &mut Away,
) -> Result<(), StoreError> {
    let reader = Reader::new(clients, topic, isolation).map_err(StoreError::kafka(ACTION))?;
    let ends = reader.ends().map_err(StoreError::kafka(ACTION))?;
    reader.begin(ends.first).map_err(StoreError::kafka(ACTION))?;
    follower.begin();
    let (mut behind, mut in_a_row) = (true, 0);
    let mut seen = Look { place: ends.first, end: ends.next };
    let mut look_at = Instant::now() + LOOK_EVERY;
    while !is_over(follower) {
        if behind && reader.is_at(ends).map_err(StoreError::kafka(ACTION))? {
            behind = false;
            follower.has_caught_up();
            away.ended();
        }
        let patience = match (behind, in_a_row) {
            (true, _) => Reader::PATIENCE,
            (false, 0) => PATIENCE,
            // Records of one update come together: what is already here is one change.
            (false, _) => Duration::ZERO,
        };
        match reader.next(patience) {
            Ok(Some(record)) => {
                follower.take(&record);
                in_a_row += 1;
                away.ended();
            }
            Ok(None) => in_a_row = 0,
            Err(error) if is_outage(&error) => {
                in_a_row = 0;
                away.tell(&error.to_string());
            }
            Err(error) => return Err(StoreError::kafka(ACTION)(error)),
        }
        if !behind && (in_a_row == 0 || in_a_row >= IN_A_ROW_MAX) {
            in_a_row = 0;
            follower.rest();
        }
        if Instant::now() >= look_at {
            seen = look(&reader, topic, seen)?;
            look_at = Instant::now() + LOOK_EVERY;
        }
    }
    Ok(())
}

/// Where the reader and the topic's end were.
#[derive(Clone, Copy)]
struct Look {
    place: i64,
    end: i64,
}

/// Compares with the last look, because a topic that was made anew under its name, or a client
/// that is stuck, says nothing by itself.
fn look(reader: &Reader, topic: &str, before: Look) -> Result<Look, StoreError> {
    let (Ok(now), Ok(place)) = (reader.ends(), reader.place()) else {
        return Ok(before); // an outage, told elsewhere
    };
    let now = Look { place: place.unwrap_or(before.place), end: now.next };
    let problem = if now.end < before.end || now.place > now.end {
        "it is shorter than it was"
    } else if now.place == before.place && now.place < before.end {
        "no record has come for too long"
    } else {
        return Ok(now);
    };
    Err(StoreError::Topic { topic: topic.to_owned(), problem: problem.to_owned() })
}
