//! Logins in, sessions that a cookie finds again out.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{Hash, Role, hash, random_secret};

/// How long a one-time code can be used.
const CODE_LASTS: Duration = Duration::from_secs(600);
/// Most one-time codes at the same time.
const CODES_MAX: usize = 16;

/// Somebody who has logged in at the page.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Name of the token.
    pub(crate) name: String,
    /// Role at the login.
    pub(crate) role: Role,
    /// What forms must carry.
    pub(crate) csrf: String,
    /// The token, where one was used.
    pub(crate) token: Option<Hash>,
}

/// All sessions, by the hash of their cookie, and all codes. Lost when the process ends.
#[derive(Debug)]
pub(super) struct Sessions {
    lasts: Duration,
    max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sessions: HashMap<Hash, (Session, Instant)>,
    codes: HashMap<Hash, Instant>,
}

impl Sessions {
    pub(super) fn new(lasts: Duration, max: usize) -> Self {
        Self { lasts, max, state: Mutex::default() }
    }

    /// Begins a session and returns its cookie. When there are too many, the oldest ends.
    pub(super) fn begin(&self, name: String, role: Role, token: Option<Hash>) -> String {
        let cookie = random_secret();
        let session = Session { name, role, csrf: random_secret(), token };
        let mut state = self.state();
        make_room(&mut state.sessions, self.max, |(_, until)| *until);
        state.sessions.insert(hash(&cookie), (session, Instant::now() + self.lasts));
        cookie
    }

    pub(super) fn find(&self, cookie: &Hash) -> Option<Session> {
        let state = self.state();
        let (session, until) = state.sessions.get(cookie)?;
        (*until > Instant::now()).then(|| session.clone())
    }

    pub(super) fn end(&self, cookie: &Hash) {
        self.state().sessions.remove(cookie);
    }

    pub(super) fn new_code(&self) -> String {
        let code = random_secret();
        let mut state = self.state();
        make_room(&mut state.codes, CODES_MAX, |until| *until);
        state.codes.insert(hash(&code), Instant::now() + CODE_LASTS);
        code
    }

    /// Whether the code can be used; it cannot be used again.
    pub(super) fn take_code(&self, code: &Hash) -> bool {
        self.state().codes.remove(code).is_some_and(|until| until > Instant::now())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops what has ended, and if that is not enough what will end first.
fn make_room<T>(all: &mut HashMap<Hash, T>, max: usize, until: impl Fn(&T) -> Instant) {
    if all.len() < max {
        return;
    }
    let now = Instant::now();
    all.retain(|_, one| until(one) > now);
    while all.len() >= max {
        let Some(first) = all.iter().min_by_key(|(_, one)| until(one)).map(|(key, _)| *key) else {
            return;
        };
        all.remove(&first);
    }
}

#[cfg(test)]
mod tests;
