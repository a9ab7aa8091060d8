//! What a stack tells while it starts and stops.

mod terminal;

use std::{fmt, sync::Arc, time::Duration};

pub use terminal::Terminal;

use crate::settings::Part;

/// One step of a start or a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Another process is in the way for the moment; the text says what is waited for.
    Waiting(String),
    /// A package is not in the cache, or no longer whole, and is fetched; the text says which
    /// and why.
    FetchStarted {
        /// The server it is for.
        part: Part,
        /// What is fetched and why.
        what: String,
        /// About how many bytes the fetching program will have written.
        bytes_total: u64,
    },
    /// So much is done.
    Fetching {
        /// The server it is for.
        part: Part,
        /// Bytes written so far.
        bytes: u64,
    },
    /// The download is being unpacked and checked.
    Unpacking {
        /// The server it is for.
        part: Part,
    },
    /// The package is in the cache now.
    Fetched {
        /// The server it is for.
        part: Part,
        /// How long it took.
        took: Duration,
    },
    /// The server's process is being started.
    Starting {
        /// The server.
        part: Part,
    },
    /// The server answers.
    Ready {
        /// The server.
        part: Part,
        /// Since its start.
        took: Duration,
    },
    /// The server is being stopped.
    Stopping {
        /// The server.
        part: Part,
    },
    /// The server has ended.
    Stopped {
        /// The server.
        part: Part,
    },
}

/// Somebody who wants to know how a start goes on. Called from several tasks.
pub trait Progress: Send + Sync {
    /// Takes note of a step; must not block.
    fn event(&self, event: Event);
}

impl fmt::Debug for dyn Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

impl<F: Fn(Event) + Send + Sync> Progress for F {
    fn event(&self, event: Event) {
        self(event);
    }
}

/// A [`Progress`] that is shared.
pub type Shared = Arc<dyn Progress>;

/// Nobody wants to know.
#[must_use]
pub fn quiet() -> Shared {
    Arc::new(|_event| {})
}
