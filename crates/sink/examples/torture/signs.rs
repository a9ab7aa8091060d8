//! Signs in as they are seen, each out to the one disruption that claims it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::{kind::Sign, sinks::Name};

/// Most signs that wait to be claimed; older ones are forgotten.
const OPEN_MAX: usize = 10_000;

/// A sign, and where it was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) sign: Sign,
    /// None when the server told.
    pub(crate) sink: Option<Name>,
    pub(crate) partition: Option<i32>,
}

/// All signs of a run.
#[derive(Debug, Default)]
pub(crate) struct Signs {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: VecDeque<(Instant, Seen)>,
    totals: BTreeMap<Sign, u64>,
}

impl Signs {
    pub(crate) fn saw(&self, seen: Seen) {
        let mut state = self.state();
        *state.totals.entry(seen.sign).or_default() += 1;
        if state.open.len() == OPEN_MAX {
            state.open.pop_front();
        }
        state.open.push_back((Instant::now(), seen));
    }

    /// Takes a sign seen after `since` that `fits`. No other disruption gets it.
    pub(crate) fn claim(&self, since: Instant, fits: impl Fn(&Seen) -> bool) -> Option<Sign> {
        let mut state = self.state();
        let index = state.open.iter().position(|(at, seen)| *at >= since && fits(seen))?;
        state.open.remove(index).map(|(_, seen)| seen.sign)
    }

    /// How often each was seen.
    pub(crate) fn totals(&self) -> BTreeMap<Sign, u64> {
        self.state().totals.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
