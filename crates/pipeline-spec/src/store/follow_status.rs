//! The topic of status in, a snapshot of what is alive out, a few times a second at most.

use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rdkafka::{Message as _, message::BorrowedMessage};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Inner, Store,
    client::Isolation,
    follow::{Follower, spawn},
    status_snapshot::{Now, StatusSnapshot, StatusTable},
};

/// Least time between two snapshots: four a second are enough for a page.
const PUBLISH_EVERY: Duration = Duration::from_millis(250);
/// How often is looked for keys that nobody will write again.
const CLEAN_EVERY: Duration = Duration::from_secs(60);
/// Most such keys remembered at a time.
const OUTDATED_MAX: usize = 1_000;

impl Store {
    /// Follows what sinks report: the first snapshot comes when everything has been read, another
    /// one after changes, at most four a second. Outages of Kafka are waited out; meanwhile
    /// instances fall silent like any other.
    ///
    /// It ends, and closes the channel, when `stop` is cancelled or nobody listens any more.
    #[must_use]
    pub fn follow_status(
        &self,
        stop: CancellationToken,
    ) -> watch::Receiver<Option<Arc<StatusSnapshot>>> {
        let (publish, snapshots) = watch::channel(None);
        let follower = Status {
            publish,
            table: StatusTable::default(),
            is_live: false,
            publish_at: Instant::now(),
            clean_at: Instant::now(),
            store: self.inner.clone(),
        };
        // Not only what is committed: an update that removes old keys holds nobody up.
        let isolation = Isolation::Uncommitted;
        let clients = self.inner.clients.clone();
        spawn("follow-status", clients, "status", isolation, follower, stop);
        snapshots
    }
}

struct Status {
    publish: watch::Sender<Option<Arc<StatusSnapshot>>>,
    table: StatusTable,
    /// Whether what is read now was written just now.
    is_live: bool,
    publish_at: Instant,
    clean_at: Instant,
    store: Arc<Inner>,
}

impl Follower for Status {
    fn begin(&mut self) {
        self.table = StatusTable::default();
        self.is_live = false;
    }

    fn take(&mut self, record: &BorrowedMessage<'_>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        let now = Now { instant: Instant::now(), wall_ms: (!self.is_live).then_some(wall_ms) };
        let written_ms = record.timestamp().to_millis().unwrap_or(wall_ms);
        self.table.apply(record.key().unwrap_or_default(), record.payload(), written_ms, now);
    }

    fn has_caught_up(&mut self) {
        self.is_live = true;
        self.publish_at = Instant::now();
    }

    fn rest(&mut self) {
        let now = Instant::now();
        if now < self.publish_at {
            return;
        }
        self.publish_at = now + PUBLISH_EVERY;
        // Not only after a record: silence is a change, too.
        let snapshot = self.table.snapshot(now);
        self.publish.send_if_modified(|shown| {
            let changed = shown.as_deref() != Some(&snapshot);
            if changed {
                *shown = Some(Arc::new(snapshot));
            }
            changed
        });
        if now >= self.clean_at {
            self.clean_at = now + CLEAN_EVERY;
            let outdated = self.table.outdated(OUTDATED_MAX);
            *self.store.outdated.lock().unwrap_or_else(PoisonError::into_inner) = outdated;
        }
    }

    fn is_idle(&self) -> bool {
        self.publish.is_closed()
    }
}
