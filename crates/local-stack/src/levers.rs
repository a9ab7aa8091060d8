//! One stack for one test, held by a process of its own: what the two say to each other.
//!
//! Each message is one line of JSON. The test sends its [`Settings`](crate::Settings) and is
//! answered [`Answer::Ready`]; then each [`Request`] is answered before the next one is sent. The
//! process removes its servers when its standard input closes, which is what a `kill -9` of the
//! test does too.

use serde::{Deserialize, Serialize};

use crate::{Addresses, Part, Signal, StackFile};

/// The hidden subcommand that holds such a stack.
pub const OWN_COMMAND: &str = "__own";

/// What a test asks for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum Request {
    /// Stop the server if it runs, start it again on its old port and data, wait for an answer.
    Restart(Part),
    /// Send the server a signal; SIGKILL is waited for.
    Signal(Part, Signal),
}

/// What it is answered.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Answer {
    /// The servers answer, and are there.
    Ready(Box<(Addresses, StackFile)>),
    /// It is done.
    Done,
    /// It could not be done, for this reason.
    Failed(String),
}
