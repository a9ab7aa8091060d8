//! Schema ids in, plans out where the worker has them already.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::mpsc};
use tokio_util::sync::CancellationToken;

use super::{Answer, Known};
use crate::schemas::{Outcome, PlanKey, Schemas};

/// Plans kept. A topic has few live schemas; bad records may name any number of ids.
const PLANS_MAX: usize = 1_000;

/// How long an id that the registry did not know stays unknown without being asked for again.
const UNKNOWN_MAX: Duration = Duration::from_secs(600);

/// The plans of one worker.
#[derive(Debug)]
pub(super) struct Plans {
    schemas: Arc<Schemas>,
    known: HashMap<PlanKey, (Known, Instant)>,
    /// Most records have the schema of the one before.
    last: Option<(PlanKey, Known)>,
}

impl Plans {
    pub(super) fn new(schemas: Arc<Schemas>) -> Self {
        Self { schemas, known: HashMap::new(), last: None }
    }

    /// What is known about `key`. Asks for it if nothing is.
    pub(super) fn get(
        &mut self,
        key: PlanKey,
        runtime: &Handle,
        answers: &mpsc::Sender<Answer>,
        ended: &CancellationToken,
    ) -> Known {
        if let Some((last, known)) = &self.last
            && *last == key
        {
            return known.clone();
        }
        if let Some((known, since)) = self.known.get(&key) {
            let stale = matches!(known, Known::UnknownId(_)) && since.elapsed() > UNKNOWN_MAX;
            if !stale {
                if matches!(known, Known::Plan(_)) {
                    self.last = Some((key, known.clone()));
                }
                return known.clone();
            }
        }
        if self.known.len() >= PLANS_MAX {
            // Far more than are alive: begin anew rather than keep an order of use. What is being
            // asked for stays, so that it is not asked for twice.
            self.known.retain(|_, (known, _)| matches!(known, Known::Awaited));
        }
        self.known.insert(key, (Known::Awaited, Instant::now()));
        if let PlanKey::Schema(id) = key {
            self.schemas.metrics.waits_for_schema(id);
        }
        let (schemas, answers, ended) = (self.schemas.clone(), answers.clone(), ended.clone());
        runtime.spawn(async move {
            tokio::select! {
                () = ended.cancelled() => {}
                outcome = schemas.plan(key) => {
                    drop(answers.send(Answer::Plan(key, outcome)).await);
                }
            }
        });
        Known::Awaited
    }

    /// Forgets an answer, so that it is asked for again.
    pub(super) fn forget(&mut self, key: PlanKey) {
        self.known.remove(&key);
    }

    pub(super) fn answered(&mut self, key: PlanKey, outcome: Outcome) {
        let known = match outcome {
            Outcome::Plan(plan) => Known::Plan(plan),
            Outcome::UnknownId(id) => Known::UnknownId(id),
            Outcome::Refused(reason) => Known::Refused(reason),
        };
        self.last = None;
        self.known.insert(key, (known, Instant::now()));
    }
}
