//! Pipelines that wait for work outside of the store in, that work done by one process out.
//!
//! Rows of a reset are deleted before the pipeline goes on, and what shall go with a pipeline is
//! deleted before its name is free. Both are wishes in the store, so that whoever comes after a
//! crash finds them; both may be done twice, but not after the pipeline has gone on. So whoever
//! does them claims them first, asks servers only in the first part of that time, and settles
//! them only while the claim is still theirs.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use pipeline_spec::store::{Change, Claim, Snapshot, StatusSnapshot, Stored};
use service::problem::Problem;
use tokio::task::JoinSet;

use super::{audit, errand_servers, has_drained, is_reset_done, ourselves, told};
use crate::{
    auth::random_secret,
    problem,
    rest::pipelines::{next, not_updated, now_ms},
    state::App,
};

/// For how long a claim keeps others off.
const CLAIMED_MS: i64 = 30_000;
/// In which part of that servers are asked. The rest is for what is under way, for clocks that
/// differ, and for a process that is frozen for a while.
const ASK_WITHIN: Duration = Duration::from_secs(10);
/// Longest pause after something could not be done, in claims: every attempt is written down, and
/// that is kept for ever.
const PAUSE_MAX: u32 = 10;
/// Errands at the same time.
const AT_ONCE_MAX: usize = 4;

/// Whether a pipeline waits for an errand, now or later.
pub(super) fn is_needed(stored: &Stored) -> bool {
    match stored.deleting {
        true => stored.purge.any(),
        false => stored.reset.as_ref().is_some_and(|reset| reset.delete_rows),
    }
}

/// Whether it can be begun.
pub(super) fn is_due(stored: &Stored, statuses: &StatusSnapshot, now: i64) -> bool {
    let ready = match stored.deleting {
        true => has_drained(stored, statuses, now),
        false => is_reset_done(stored, statuses),
    };
    is_needed(stored) && ready && !is_claimed(stored, now)
}

/// Whether somebody is at it.
pub(crate) fn is_claimed(stored: &Stored, now: i64) -> bool {
    stored.claim.as_ref().is_some_and(|claim| claim.until_ms > now)
}

/// The errands of this process.
#[derive(Default)]
pub(super) struct Errands {
    running: JoinSet<(String, bool)>,
    /// How often each pipeline's has failed, and when it may be tried again.
    failed: HashMap<String, (u32, Instant)>,
}

impl Errands {
    /// Begins what is due.
    pub(super) fn look(&mut self, app: &App, specs: &Snapshot, statuses: &StatusSnapshot) {
        while let Some(ended) = self.running.try_join_next() {
            // A panic is told by its hook; what it left is claimed anew by and by.
            let Ok((name, done)) = ended else { continue };
            let times = self.failed.remove(&name).map_or(0, |(times, _)| times);
            if !done {
                let pause = Duration::from_millis(CLAIMED_MS.unsigned_abs());
                let at = Instant::now() + pause.saturating_mul(times.min(PAUSE_MAX));
                self.failed.insert(name, (times.saturating_add(1), at));
            }
        }
        self.failed.retain(|name, _| specs.pipelines.contains_key(name));
        for stored in specs.pipelines.values() {
            let name = &stored.spec.name;
            let rests = self.failed.get(name).is_some_and(|(_, at)| *at > Instant::now());
            let is_full = self.running.len() >= AT_ONCE_MAX;
            // One that runs has claimed it, or will find that it has been claimed.
            if !is_full && !rests && is_due(stored, statuses, now_ms()) {
                let (app, name) = (app.clone(), name.clone());
                self.running.spawn(async move {
                    let done = run(&app, &name).await;
                    if let Err(problem) = &done {
                        tracing::warn!(pipeline = name, ?problem, "what it waits for is not done");
                        app.setbacks().set(&name, problem.clone());
                    }
                    (name, done.is_ok())
                });
            }
        }
    }
}

async fn run(app: &App, name: &str) -> Result<(), Problem> {
    let Some(mut held) = Held::claim(app, name).await? else { return Ok(()) };
    // A claim that nothing came of is left to its end.
    match held.stored.deleting {
        true => errand_servers::purge(app, &mut held).await?,
        false => errand_servers::delete_rows(app, &mut held).await?,
    }
    held.settle(app).await?;
    app.setbacks().clear(name);
    Ok(())
}

/// A claim of ours.
pub(super) struct Held {
    /// The pipeline when it was claimed last.
    pub(super) stored: Stored,
    by: String,
    /// Before the claim was asked for.
    since: Instant,
}

impl Held {
    /// Claims what a pipeline waits for; nothing where it does not any more, or somebody else was
    /// faster.
    async fn claim(app: &App, name: &str) -> Result<Option<Self>, Problem> {
        let (by, since) = (random_secret().chars().take(32).collect::<String>(), Instant::now());
        let Some(statuses) = app.status_changes().borrow().clone() else { return Ok(None) };
        let claimed = app.store().update(|specs| {
            let now = now_ms();
            let Some(stored) = specs.pipelines.get(name) else { return Ok((Vec::new(), None)) };
            if !is_due(stored, &statuses, now) {
                return Ok((Vec::new(), None));
            }
            let what = match stored.deleting {
                true => "pipeline.purge",
                false => "pipeline.delete-rows",
            };
            let claimed = claimed(stored, &by, now);
            let audit = audit(what, stored, Some(&claimed), now);
            let change = Change::Put { stored: claimed.clone(), audit };
            Ok::<_, Problem>((vec![change], Some(claimed)))
        });
        let claimed = claimed.await.map_err(not_updated)?;
        Ok(claimed.map(|stored| Self { stored, by, since }))
    }

    /// Makes sure that servers may be asked now. Call it before each question that cannot be
    /// taken back.
    pub(super) async fn hold(&mut self, app: &App) -> Result<(), Problem> {
        if self.since.elapsed() < ASK_WITHIN {
            return Ok(());
        }
        let since = Instant::now();
        let again = app.store().update(|specs| {
            let (change, stored) = self.again(specs, now_ms())?;
            Ok((vec![change], stored))
        });
        self.stored = again.await.map_err(not_updated)?;
        app.metrics().changed("pipeline.claim", "penstock", &self.stored.spec.name);
        self.since = since;
        match self.since.elapsed() < ASK_WITHIN {
            true => Ok(()),
            false => Err(problem::conflict("storing the claim took too long")),
        }
    }

    /// Says that it is done.
    async fn settle(&self, app: &App) -> Result<(), Problem> {
        let settled = app.store().update(|specs| {
            let change = self.done(specs, now_ms())?;
            let told = told(&change);
            Ok((vec![change], told))
        });
        if let Some((what, name)) = settled.await.map_err(not_updated)? {
            app.metrics().changed(&what, "penstock", &name);
        }
        Ok(())
    }

    /// What claims it once more, and how it is stored then.
    fn again(&self, specs: &Snapshot, now: i64) -> Result<(Change, Stored), Problem> {
        let stored = self.ours(specs)?;
        let again = claimed(stored, &self.by, now);
        let audit = audit("pipeline.claim", stored, Some(&again), now);
        Ok((Change::Put { stored: again.clone(), audit }, again))
    }

    /// What removes the pipeline or crosses the reset off.
    fn done(&self, specs: &Snapshot, now: i64) -> Result<Change, Problem> {
        let stored = self.ours(specs)?;
        if self.stored.deleting {
            let audit = audit("pipeline.removed", stored, None, now);
            return Ok(Change::Remove { name: stored.spec.name.clone(), audit });
        }
        let done = next(stored, &ourselves(), now, |stored| {
            (stored.reset, stored.claim) = (None, None);
        });
        let audit = audit("pipeline.reset-done", stored, Some(&done), now);
        Ok(Change::Put { stored: done, audit })
    }

    /// The pipeline as it is stored, while the claim is ours.
    fn ours<'a>(&self, specs: &'a Snapshot) -> Result<&'a Stored, Problem> {
        let stored = specs.pipelines.get(&self.stored.spec.name).ok_or_else(lost)?;
        let by = stored.claim.as_ref().map(|claim| claim.by.as_str());
        if by == Some(self.by.as_str()) { Ok(stored) } else { Err(lost()) }
    }
}

fn claimed(stored: &Stored, by: &str, now: i64) -> Stored {
    let claim = Claim { by: by.to_owned(), until_ms: now.saturating_add(CLAIMED_MS) };
    next(stored, &ourselves(), now, |stored| stored.claim = Some(claim))
}

fn lost() -> Problem {
    problem::conflict("somebody else has taken over meanwhile")
}

#[cfg(test)]
mod tests;
