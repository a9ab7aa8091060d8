//! Stored pipelines in, one keeper for each that this sink is to run out.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use pipeline_spec::{
    Pipeline,
    selector::Selector,
    store::{Snapshot, StatusSnapshot, Store, Stored},
};
use service::health::Condition;
use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
    time,
};
use tokio_util::sync::CancellationToken;

use super::{
    Shared,
    keep::{Keeper, Wanted},
    one::Fault,
};
use crate::{backoff, kafka, orders::RowRules, status::Reports};

/// Among how many workers at least buffers are divided, so that the first few pipelines need not
/// begin anew when others come.
const SHARES_LEAST: usize = 4;

/// How long the last reports of a process may take.
const LAST_WORDS_MAX: Duration = Duration::from_secs(2);

/// The pipelines of a sink that follows the store.
struct Follow {
    shared: Shared,
    selector: Selector,
    reports: Arc<Reports>,
    stop: CancellationToken,
    /// What each keeper is to do; none when it is to end.
    wanted: HashMap<String, watch::Sender<Option<Wanted>>>,
    keepers: JoinSet<Result<(), Fault>>,
    names: HashMap<Id, String>,
    shares: usize,
}

/// Runs the stored pipelines that the selector chooses until `stop`. Sets `read` once they have
/// been read.
///
/// # Errors
///
/// When only a new process can help. Outages of Kafka are waited out, and a pipeline that cannot
/// be run is told by its status.
pub(super) async fn run(
    shared: Shared,
    read: Condition,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let store = Store::new(kafka::client(&shared.config), &shared.config.namespace);
    tokio::select! {
        () = stop.cancelled() => return Ok(()),
        () = prepare(&store) => {}
    }
    shared.kafka_reached.set(true);
    // Followers outlive `stop`: what a keeper does while it drains may depend on them.
    let ended = CancellationToken::new();
    let _guard = ended.clone().drop_guard();
    let mut snapshots = store.follow(ended.clone());
    let reports = Reports {
        writer: store.status_writer().context("make a writer of status")?,
        statuses: store.follow_status(ended.clone()),
        instance: shared.instance.to_string(),
    };
    let selector = shared.config.selector.clone();
    tracing::info!(instance = reports.instance, %selector, "following the stored pipelines");
    let mut follow = Follow {
        shared,
        selector,
        reports: Arc::new(reports),
        stop: stop.clone(),
        wanted: HashMap::new(),
        keepers: JoinSet::new(),
        names: HashMap::new(),
        shares: SHARES_LEAST,
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            changed = snapshots.changed() => {
                changed.context("the store is not followed any more")?;
                let snapshot = snapshots.borrow_and_update().clone();
                if let Some(snapshot) = snapshot {
                    follow.heed(&snapshot);
                    read.set(true);
                }
            }
            Some(ended) = follow.keepers.join_next_with_id() => {
                follow.ended(ended)?;
                // It may have been wanted again when it had just decided to end.
                let snapshot = snapshots.borrow().clone();
                if let Some(snapshot) = snapshot {
                    follow.heed(&snapshot);
                }
            }
        }
    }
    while let Some(ended) = follow.keepers.join_next_with_id().await {
        follow.ended(ended)?;
    }
    // Else what was running here is shown until it counts as stale.
    if !follow.reports.writer.flush(LAST_WORDS_MAX).await {
        tracing::warn!("the end of this process could not be reported");
    }
    Ok(())
}

impl Follow {
    /// Tells every keeper what its pipeline is to be, and begins with new ones.
    fn heed(&mut self, snapshot: &Snapshot) {
        let chosen: BTreeMap<&String, &Arc<Stored>> = snapshot
            .pipelines
            .iter()
            .filter(|(_, stored)| !stored.deleting && self.selector.matches(&stored.spec.labels))
            .collect();
        let workers: usize = chosen.values().map(|one| usize::from(one.spec.workers)).sum();
        // Never less again: what was divided stays as it is until the pipeline begins anew.
        self.shares = self.shares.max(workers.next_power_of_two());
        for (name, wanted) in self.wanted.iter().filter(|(name, _)| !chosen.contains_key(name)) {
            match snapshot.unreadable.get(name) {
                // It was not removed. Nobody knows what it is to do now, so it does nothing.
                Some(why) => wanted.send_if_modified(|wanted| {
                    let why = Some(why.clone());
                    let wanted = wanted.as_mut().filter(|wanted| wanted.unreadable != why);
                    wanted.map(|wanted| wanted.unreadable = why).is_some()
                }),
                None => wanted.send_if_modified(|wanted| wanted.take().is_some()),
            };
        }
        for (name, stored) in chosen {
            // With a thousand pipelines, hardly one of them has changed.
            let is_known = self.wanted.get(name).is_some_and(|wanted| {
                let wanted = wanted.borrow();
                wanted.as_ref().is_some_and(|wanted| {
                    Arc::ptr_eq(&wanted.stored, stored)
                        && wanted.older == older(snapshot, name).count()
                        && (wanted.shares, &wanted.unreadable) == (self.shares, &None)
                })
            });
            if is_known {
                continue;
            }
            let now = self.wants(snapshot, stored);
            match self.wanted.get(name) {
                Some(wanted) => {
                    wanted.send_if_modified(|wanted| {
                        let differs = wanted.as_ref() != Some(&now);
                        *wanted = Some(now);
                        differs
                    });
                }
                None => self.begin(name, now),
            }
        }
    }

    fn wants(&self, snapshot: &Snapshot, stored: &Arc<Stored>) -> Wanted {
        let documents = older(snapshot, &stored.spec.name);
        let mut documents: BTreeMap<u64, RowRules> =
            documents.map(|document| (document.revision_short(), RowRules::of(document))).collect();
        documents.insert(stored.spec.revision_short(), RowRules::of(&stored.spec));
        Wanted {
            stored: stored.clone(),
            documents: Arc::new(documents),
            older: older(snapshot, &stored.spec.name).count(),
            shares: self.shares,
            unreadable: None,
        }
    }

    fn begin(&mut self, name: &str, wanted: Wanted) {
        let (sender, receiver) = watch::channel(Some(wanted));
        let keeper = Keeper::new(self.shared.clone(), name, receiver, self.reports.clone());
        let task = self.keepers.spawn(keeper.keep(self.stop.clone()));
        self.names.insert(task.id(), name.to_owned());
        self.wanted.insert(name.to_owned(), sender);
    }

    /// A keeper has ended, because it was told to or because the process must.
    fn ended(&mut self, ended: Result<(Id, Result<(), Fault>), JoinError>) -> anyhow::Result<()> {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let name = self.names.remove(&id).unwrap_or_default();
        self.wanted.remove(&name);
        let (_, outcome) = ended.with_context(|| format!("keeper of {name} panicked"))?;
        outcome.with_context(|| format!("pipeline {name}"))
    }
}

/// The older documents of a pipeline.
fn older<'a>(snapshot: &'a Snapshot, name: &'a str) -> impl Iterator<Item = &'a Pipeline> {
    let from = (name.to_owned(), String::new());
    let of_name = snapshot.revisions.range(from..).take_while(move |((of, _), _)| of == name);
    of_name.map(|(_, document)| &**document)
}

/// Makes the topics of the store ready, for as long as Kafka takes to be there and to let us.
async fn prepare(store: &Store) {
    let mut attempt = 0;
    while let Err(error) = store.prepare_to_follow().await {
        attempt += 1;
        let error = format!("{:#}", anyhow::Error::from(error));
        tracing::warn!(error, "stored pipelines not available, trying on");
        time::sleep(backoff::pause(attempt)).await;
    }
}

/// Whether a status says that a partition's offset was set as `reset` asks.
pub(super) fn was_reset(
    statuses: &StatusSnapshot,
    pipeline: &str,
    (topic, partition): (&str, i32),
    reset: &str,
) -> bool {
    let key = (pipeline.to_owned(), topic.to_owned(), partition);
    let mirror = statuses.mirrors.get(&key);
    mirror.is_some_and(|mirror| mirror.reset.as_deref() == Some(reset))
}
