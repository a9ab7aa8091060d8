//! What sinks report in, what follows from it for the store out: pipelines that have drained are
//! removed, resets that were carried out are crossed off, old documents are forgotten.
//!
//! What has to be done on servers before, such as deleting rows, is an [`errand`].

use std::{sync::Arc, time::Duration};

use pipeline_spec::store::{AuditRecord, Change, Snapshot, StatusSnapshot, Stored};
use service::problem::Problem;
use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use self::errand::Errands;
pub(crate) use self::{errand::is_claimed, setbacks::Setbacks};
use crate::{
    auth::{Identity, Role},
    rest::pipelines::{next, not_updated, now_ms},
    state::App,
};

mod errand;
mod errand_servers;
mod setbacks;

/// How often there is a look.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a sink may take to hear that a pipeline is being deleted, and to say that it has it.
/// Sinks report every 2 s.
const HEARD_WITHIN_MS: i64 = 6_000;

/// Does what is to be done, until `stop`. Several processes may: the store decides.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let mut every = time::interval(LOOK_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut errands = Errands::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {}
        }
        let Ok(specs) = app.specs() else { continue };
        // Without their reports nothing is known about sinks.
        let Some(statuses) = app.status_changes().borrow().clone() else { continue };
        errands.look(&app, &specs, &statuses);
        if changes(&specs, &statuses, now_ms()).is_empty() {
            continue;
        }
        let done = app.store().update(|specs| {
            let changes = changes(specs, &statuses, now_ms());
            let told: Vec<_> = changes.iter().filter_map(told).collect();
            Ok::<_, Problem>((changes, told))
        });
        tokio::select! {
            () = stop.cancelled() => return,
            done = done => match done.map_err(not_updated) {
                Ok(told) => told.iter().for_each(|(what, subject)| {
                    app.metrics().changed(what, "penstock", subject);
                }),
                Err(problem) => tracing::warn!(?problem, "chores are not done"),
            },
        }
    }
}

fn told(change: &Change) -> Option<(String, String)> {
    match change {
        Change::Put { audit, .. } | Change::Remove { audit, .. } => {
            Some((audit.what.clone(), audit.subject.clone()))
        }
        Change::DropRevision { .. } | Change::Audit(_) => None,
    }
}

/// Everything that is to be done now.
fn changes(specs: &Snapshot, statuses: &StatusSnapshot, now: i64) -> Vec<Change> {
    let mut changes = Vec::new();
    for stored in specs.pipelines.values() {
        if errand::is_needed(stored) {
            // Whoever does that removes it or crosses it off, too.
        } else if stored.deleting {
            changes.extend(removal(stored, statuses, now));
        } else if is_reset_done(stored, statuses) {
            let done = next(stored, &ourselves(), now, |stored| stored.reset = None);
            let audit = audit("pipeline.reset-done", stored, Some(&done), now);
            changes.push(Change::Put { stored: done, audit });
        }
    }
    changes.extend(specs.unneeded(statuses, now).into_iter().filter(|change| match change {
        Change::DropRevision { name, .. } => is_known(name, statuses),
        Change::Put { .. } | Change::Remove { .. } | Change::Audit(_) => true,
    }));
    changes
}

/// A pipeline that drains is removed when no sink has it.
fn removal(stored: &Arc<Stored>, statuses: &StatusSnapshot, now: i64) -> Option<Change> {
    // Rows of it may just be being deleted: whoever has the name next must not lose theirs.
    let may = has_drained(stored, statuses, now) && !errand::is_claimed(stored, now);
    may.then(|| Change::Remove {
        name: stored.spec.name.clone(),
        audit: audit("pipeline.removed", stored, None, now),
    })
}

/// Whether no sink has a pipeline that is being deleted, and none can still be about to report
/// that it has.
fn has_drained(stored: &Stored, statuses: &StatusSnapshot, now: i64) -> bool {
    let name = &stored.spec.name;
    let running = statuses.instances.keys().any(|(pipeline, _)| pipeline == name);
    let heard = now.saturating_sub(stored.updated_at_ms) >= HEARD_WITHIN_MS;
    stored.deleting && !running && heard
}

/// Whether every partition of a reset was set to its offset by its owner.
fn is_reset_done(stored: &Stored, statuses: &StatusSnapshot) -> bool {
    let Some(reset) = &stored.reset else { return false };
    reset.offsets.iter().all(|wanted| {
        let key = (stored.spec.name.clone(), wanted.topic.clone(), wanted.partition);
        let mirror = statuses.mirrors.get(&key);
        mirror.is_some_and(|mirror| mirror.reset.as_ref() == Some(&reset.id))
    })
}

/// Whether sinks have told what they have recorded. Where nobody has, an old document may be needed.
fn is_known(name: &str, statuses: &StatusSnapshot) -> bool {
    statuses.instances.keys().any(|(of, _)| of == name)
        && statuses.mirrors.keys().any(|(of, ..)| of == name)
}

fn audit(what: &str, before: &Stored, after: Option<&Stored>, now: i64) -> AuditRecord {
    AuditRecord {
        at_ms: now,
        who: ourselves().name,
        what: what.to_owned(),
        subject: before.spec.name.clone(),
        before: serde_json::to_value(before).ok(),
        after: after.and_then(|after| serde_json::to_value(after).ok()),
    }
}

fn ourselves() -> Identity {
    Identity { name: "penstock".to_owned(), role: Role::Admin, csrf: None }
}

#[cfg(test)]
mod tests;
