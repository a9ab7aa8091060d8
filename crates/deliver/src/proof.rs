//! What is known about a range in, whether its token is enough or its rows must be counted out.

use crate::rules::{Rule, keeps};

/// How much of a table's deduplication window has been used. ClickHouse forgets a token once as
/// many entries as the window has came after it, whoever wrote them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Entries that the window holds: the smallest of the table and the tables behind its views.
    /// 0 when it cannot be told how much of it is used.
    pub entries: u64,
    /// Entries written so far, as a number that only grows while the table lives.
    pub used: u64,
}

/// What an insert may rely on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Rows that its intent records.
    pub rows: u64,
    /// [`Window::used`] when it was cut.
    pub used: u64,
    /// Whether this batch is, as far as anyone can tell, the batch of the first attempt.
    pub same: bool,
    /// Whether this batch has rows that the batch of the first attempt had not: then neither
    /// batch holds what the other one does, and whichever lands first hides the other.
    pub grown: bool,
    /// Whether the offsets of its partition have only ever grown, in one and the same topic.
    pub unbroken: bool,
    /// Whether its partition promises exactly once at all.
    pub exactly_once: bool,
    /// Whether a predecessor may have inserted it: then even the first attempt here is another.
    pub replayed: bool,
}

/// What to do with a range whose rows have been counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// None of its rows is there: insert it.
    Insert,
    /// All of its rows are there: it is done.
    Complete,
    /// Neither can be shown: a person must look.
    Unprovable,
}

impl Proof {
    /// Whether the token of this range alone makes another insert of it harmless (rule R9).
    ///
    /// `now` must have been read after the last attempt that may have landed. A range of a
    /// predecessor is older than anyone here has watched the table: rows that left it meanwhile
    /// may have taken the number back, so that a forgotten token looks young.
    #[must_use]
    pub fn token_suffices(&self, now: Window) -> bool {
        !self.exactly_once || !keeps(Rule::R9) || (!self.replayed && self.token_holds(now))
    }

    /// Decides by the rows of the range that are in the table, and where they do not decide by its
    /// token. `None` when they cannot be counted, or when the count says nothing about the views
    /// behind the table. `now` is as in [`Proof::token_suffices`].
    #[must_use]
    pub fn settle(&self, found: Option<u64>, now: Window) -> Settled {
        match found {
            // Inserted under the recorded token still: should a late insert of a predecessor
            // arrive after all, the second of the two is dropped.
            Some(0) if !self.grown => Settled::Insert,
            Some(found) if found == self.rows && self.unbroken && !self.grown => Settled::Complete,
            Some(_) | None if self.token_holds(now) => Settled::Insert,
            Some(_) | None => Settled::Unprovable,
        }
    }

    /// Whether everyone who inserts this range meets its token still. Half the window is kept in
    /// reserve for what other writers add meanwhile.
    #[must_use]
    pub fn token_holds(&self, now: Window) -> bool {
        // A number that shrank is a table created again or one whose parts were dropped.
        let since = now.used.checked_sub(self.used);
        self.same && now.entries > 0 && since.is_some_and(|since| since <= now.entries / 2)
    }
}

#[cfg(test)]
mod tests;
