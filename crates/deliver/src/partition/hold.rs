//! Reasons for not fetching a partition.

/// Why a partition is not fetched. It is fetched again when no reason is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// One record waits outside the batch for a schema, a table or room.
    Stash,
    /// The open batch is full and [`crate::RANGES_MAX`] ranges are in flight.
    Ranges,
    /// The memory budget of the process is used up.
    Memory,
    /// A person must act first.
    Stopped,
    /// Everything held is being finished.
    Drain,
    /// The group wants it back.
    Revoke,
    /// The pipeline is paused.
    Paused,
    /// A recorded range is to be read again, and there is no memory for it yet.
    Replay,
    /// A person wants it to go on from another offset.
    Reset,
}

impl Hold {
    const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// Holds that last until the partition is given up: what is dropped under them is read
    /// again by the next owner, since nothing later is taken in this epoch.
    const FINAL: u16 =
        Self::Stopped.bit() | Self::Drain.bit() | Self::Revoke.bit() | Self::Reset.bit();

    /// Whether it lasts until the partition is given up.
    pub(super) const fn is_final(self) -> bool {
        self.bit() & Self::FINAL != 0
    }
}

/// A set of reasons.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Holds(u16);

impl Holds {
    /// Adds a reason. Returns whether it is the first.
    pub(super) fn add(&mut self, hold: Hold) -> bool {
        let first = self.0 == 0;
        self.0 |= hold.bit();
        first
    }

    /// Removes a reason. Returns whether it was the last.
    pub(super) fn remove(&mut self, hold: Hold) -> bool {
        let held = self.0;
        self.0 &= !hold.bit();
        held != 0 && self.0 == 0
    }

    pub(super) fn any(self) -> bool {
        self.0 != 0
    }

    pub(super) fn has(self, hold: Hold) -> bool {
        self.0 & hold.bit() != 0
    }

    pub(super) fn is_final(self) -> bool {
        self.0 & Hold::FINAL != 0
    }
}
