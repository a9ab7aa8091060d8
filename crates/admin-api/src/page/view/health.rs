//! What a pipeline is doing in, a word and a sign of its own for it out.

use std::fmt::{self, Display, Formatter};

/// What a pipeline, an instance or a connector is doing. Never told by colour alone: each has a
/// word and a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// What is stored about it cannot be read.
    Unreadable,
    /// It cannot go on, and a person must act.
    Failed,
    /// A part of it failed; the rest goes on.
    Degraded,
    /// No sink runs it.
    NoSink,
    /// It finishes what is in flight, then it is removed.
    Draining,
    /// It is about to run.
    Starting,
    /// It was told to pause and has not yet.
    Pausing,
    /// A person paused it.
    Paused,
    /// It moves records.
    Running,
}

impl askama::filters::HtmlSafe for Health {}

impl Health {
    /// Those of pipelines, the one that needs a person most first.
    pub const OF_PIPELINES: [Self; 7] = [
        Self::Unreadable,
        Self::Failed,
        Self::NoSink,
        Self::Draining,
        Self::Starting,
        Self::Paused,
        Self::Running,
    ];

    /// The word in addresses, style sheet and events.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
            Self::Degraded => "degraded",
            Self::NoSink => "no-sink",
            Self::Draining => "deleting",
            Self::Starting => "starting",
            Self::Pausing => "pausing",
            Self::Paused => "paused",
            Self::Running => "running",
        }
    }

    /// The word on the page.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "Unreadable",
            Self::Failed => "Failed",
            Self::Degraded => "Partly failed",
            Self::NoSink => "No sink",
            Self::Draining => "Draining",
            Self::Starting => "Starting",
            Self::Pausing => "Pausing",
            Self::Paused => "Paused",
            Self::Running => "Running",
        }
    }

    /// The sign: a path in a box of 16 by 16.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Unreadable => "M1 1h14v14H1Zm6.2 3v4.5h1.6V4Zm0 6.2V12h1.6v-1.8Z",
            Self::Failed => "M8 1.5 15.5 14.5H.5ZM7.2 6v4.2h1.6V6Zm0 5.4V13h1.6v-1.6Z",
            Self::Degraded => "M8 1.5 15.5 14.5H.5ZM8 4.5 3.1 13H8Z",
            Self::NoSink => {
                "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.8a5.2 5.2 0 1 1 0 10.4A5.2 5.2 0 0 1 8 2.8Z"
            }
            Self::Draining => "M8 1 13 8.2A5.4 5.4 0 1 1 3 8.2Z",
            Self::Starting => "M8 1a7 7 0 1 0 7 7h-1.8A5.2 5.2 0 1 1 8 2.8Z",
            Self::Pausing => "M3.5 2h1.5v12h-1.5Zm6 0h1.5v12h-1.5Zm-3 0h1v12h-1Zm6 0h1v12h-1Z",
            Self::Paused => "M3.5 2h3v12h-3Zm6 0h3v12h-3Z",
            Self::Running => "M3.5 1.8 14 8 3.5 14.2Z",
        }
    }
}

/// Nothing but our own words, so there is nothing to escape.
impl Display for Health {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (key, word, sign) = (self.key(), self.word(), self.sign());
        write!(
            f,
            "<span class=\"health is-{key}\">\
             <svg class=\"sign\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">\
             <path fill-rule=\"evenodd\" d=\"{sign}\"/></svg><span>{word}</span></span>"
        )
    }
}
