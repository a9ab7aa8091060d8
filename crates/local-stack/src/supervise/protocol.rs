//! What owner and supervisor say to each other: one JSON document per line.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

/// How a child is started and stopped.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    /// Start from an empty environment instead of the owner's.
    pub(crate) env_clear: bool,
    pub(crate) dir: Option<PathBuf>,
    /// Where standard output and error go.
    pub(crate) log: PathBuf,
    /// How long it may take to stop when its owner is gone.
    pub(crate) grace_ms: u64,
    /// Children with a lower rank are stopped first when the owner is gone.
    pub(crate) stop_rank: u8,
}

/// A signal that a child can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Signal {
    /// SIGTERM: stop in order.
    Terminate,
    /// SIGKILL: die now.
    Kill,
    /// SIGSTOP: freeze.
    Freeze,
    /// SIGCONT: go on after a freeze.
    Continue,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Exit {
    /// Exit code, when it ended by itself.
    pub code: Option<i32>,
    /// Number of the signal that ended it.
    pub signal: Option<i32>,
}

impl Exit {
    /// Whether this is how a process ends that was asked to: exit code 0, SIGTERM, or 143, with
    /// which a JVM answers SIGTERM.
    #[must_use]
    pub const fn is_orderly(self) -> bool {
        matches!((self.code, self.signal), (Some(0 | 143), _) | (None, Some(15)))
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit code {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => f.write_str("ended with its supervisor"),
        }
    }
}

/// From the owner.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) enum Request {
    Spawn { id: u64, spec: Spec },
    Signal { id: u64, signal: Signal },
}

/// From the supervisor.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) enum Report {
    /// It holds the data folder.
    Ready,
    /// Somebody else does.
    InUse {
        pid: u32,
    },
    /// It cannot work.
    Broken {
        detail: String,
    },
    Started {
        id: u64,
        pid: u32,
    },
    NotStarted {
        id: u64,
        detail: String,
    },
    Ended {
        id: u64,
        exit: Exit,
    },
}

#[cfg(test)]
mod tests;
