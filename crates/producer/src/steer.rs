//! Wishes of users in, what the generator's thread should do now out.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering},
    },
    thread::Thread,
};

/// How far the generator should go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Make events.
    Run,
    /// Make no more, wait for the acknowledgements of those sent.
    Drain,
    /// End at once.
    Abort,
}

const RUN: u8 = 0;
const DRAIN: u8 = 1;
const ABORT: u8 = 2;

/// The wheel: held by HTTP handlers and by whoever embeds the producer, looked at by the thread.
#[derive(Debug)]
pub(crate) struct Steer {
    rate_per_sec: AtomicU32,
    paused: AtomicBool,
    phase: AtomicU8,
    thread: OnceLock<Thread>,
}

impl Steer {
    pub(crate) fn new(rate_per_sec: u32) -> Self {
        Self {
            rate_per_sec: AtomicU32::new(rate_per_sec),
            paused: AtomicBool::new(false),
            phase: AtomicU8::new(RUN),
            thread: OnceLock::new(),
        }
    }

    /// Makes the current thread the one that is woken by every change.
    pub(crate) fn take_seat(&self) {
        // A second thread would be a bug; it would still see changes, a little later.
        let seated = self.thread.set(std::thread::current()).is_ok();
        debug_assert!(seated, "one thread only");
    }

    pub(crate) fn rate_per_sec(&self) -> u32 {
        self.rate_per_sec.load(Ordering::Acquire)
    }

    pub(crate) fn set_rate_per_sec(&self, rate_per_sec: u32) {
        self.rate_per_sec.store(rate_per_sec, Ordering::Release);
        self.wake();
    }

    pub(crate) fn paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    pub(crate) fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Ordering::Release);
        self.wake();
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            RUN => Phase::Run,
            DRAIN => Phase::Drain,
            _ => Phase::Abort,
        }
    }

    pub(crate) fn drain(&self) {
        self.phase.fetch_max(DRAIN, Ordering::AcqRel);
        self.wake();
    }

    pub(crate) fn abort(&self) {
        self.phase.fetch_max(ABORT, Ordering::AcqRel);
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}
