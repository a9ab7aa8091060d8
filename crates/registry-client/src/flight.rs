//! Ids in, schemas out: from memory, or from one request that all callers of an id share.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use crate::{RegisteredSchema, RegistryError, recent::Recent};

/// What a request for an id led to.
pub(crate) type Outcome = Result<Arc<RegisteredSchema>, RegistryError>;

/// Where callers wait for it.
type Landing = watch::Receiver<Option<Outcome>>;

/// Everything that is known about ids, and the requests that are under way.
#[derive(Debug)]
pub(crate) struct Flights {
    state: Mutex<State>,
    flights_max: usize,
    not_found_for: Duration,
}

#[derive(Debug)]
struct State {
    schemas: Recent<Arc<RegisteredSchema>>,
    /// When each id was last said to be unknown. Apart from `schemas`, so that a flood of unknown
    /// ids pushes out no known one.
    unknown: Recent<(Instant, RegistryError)>,
    under_way: HashMap<u32, Landing>,
}

impl Flights {
    pub(crate) fn new(entries_max: usize, not_found_for: Duration) -> Self {
        let state = State {
            schemas: Recent::new(entries_max),
            unknown: Recent::new(entries_max),
            under_way: HashMap::new(),
        };
        Self { state: Mutex::new(state), flights_max: entries_max, not_found_for }
    }

    /// Returns what is known about `id`, or starts `request`, or joins the one under way.
    pub(crate) async fn get<Request>(
        self: &Arc<Self>,
        id: u32,
        request: impl FnOnce() -> Request,
    ) -> Outcome
    where
        Request: Future<Output = Outcome> + Send + 'static,
    {
        let mut landing = {
            let mut state = self.state();
            if let Some(schema) = state.schemas.get(id) {
                return Ok(Arc::clone(schema));
            }
            if let Some((when, error)) = state.unknown.get(id)
                && when.elapsed() < self.not_found_for
            {
                return Err(error.clone());
            }
            match state.under_way.get(&id) {
                Some(landing) => landing.clone(),
                None if state.under_way.len() >= self.flights_max => {
                    return Err(not_asked(id, 0, "too many schema ids are being asked for"));
                }
                None => self.start(&mut state, id, request()),
            }
        };
        let outcome = match landing.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None, // the task was dropped with its runtime
        };
        outcome.unwrap_or_else(|| Err(not_asked(id, 1, "the request was given up")))
    }

    /// Runs the request in a task of its own: no caller that goes away can stop it.
    fn start(
        self: &Arc<Self>,
        state: &mut State,
        id: u32,
        request: impl Future<Output = Outcome> + Send + 'static,
    ) -> Landing {
        let (sender, landing) = watch::channel(None);
        state.under_way.insert(id, landing.clone());
        let flight = UnderWay { flights: Arc::clone(self), id };
        tokio::spawn(async move {
            let outcome = request.await;
            flight.flights.remember(id, &outcome);
            // Before the callers wake: one that asks again at once must not join this flight.
            drop(flight);
            sender.send_replace(Some(outcome));
        });
        landing
    }

    fn remember(&self, id: u32, outcome: &Outcome) {
        let mut state = self.state();
        match outcome {
            Ok(schema) => {
                state.unknown.remove(id);
                state.schemas.insert(id, Arc::clone(schema));
            }
            Err(error @ RegistryError::NotFound { .. }) => {
                state.unknown.insert(id, (Instant::now(), error.clone()));
            }
            Err(_) => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes its id out of the list of requests when it is dropped, however the request ended.
struct UnderWay {
    flights: Arc<Flights>,
    id: u32,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.flights.state().under_way.remove(&self.id);
    }
}

fn not_asked(id: u32, attempts: u32, cause: &str) -> RegistryError {
    RegistryError::Unavailable {
        what: format!("read schema {id}"),
        attempts,
        cause: cause.to_owned(),
    }
}

#[cfg(test)]
mod tests;
