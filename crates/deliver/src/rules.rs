//! The rules that this crate keeps, by the numbers under which `docs/exactly-once.md` explains
//! them. Tests can switch each off, to see the simulation find what it is there for.

/// A rule of the delivery protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// An assigned partition begins with what its committed metadata says, or not at all.
    R2,
    /// Only an owner commits, as far as it can know.
    R3,
    /// A refused commit is an end, not an answer.
    R4,
    /// What a commit attempt said is said again until it is answered.
    R5,
    /// A range is announced before it is inserted.
    R6,
    /// Two cuts never share a token.
    R7,
    /// A recorded range keeps its token.
    R8,
    /// Beyond the deduplication window, rows decide and not tokens.
    R9,
    /// Recorded ranges stay recorded until they are done.
    R10,
    /// Only a contiguous prefix is passed.
    R11,
    /// A partition that is given up is committed as it is, not as it would have become.
    R12,
    /// An offset is set by hand only when nothing of its partition is under way.
    R14,
    /// An offset is set by hand once, whoever dies meanwhile.
    R15,
}

/// Whether `rule` is kept: always, outside of tests.
#[cfg(not(test))]
#[inline]
pub(crate) const fn keeps(_rule: Rule) -> bool {
    true
}

#[cfg(test)]
thread_local! {
    static OFF: std::cell::Cell<Option<Rule>> = const { std::cell::Cell::new(None) };
}

/// Whether `rule` is kept on this thread.
#[cfg(test)]
pub(crate) fn keeps(rule: Rule) -> bool {
    OFF.get() != Some(rule)
}

/// Switches one rule off on this thread, or none.
#[cfg(test)]
pub(crate) fn switch_off(rule: Option<Rule>) {
    OFF.set(rule);
}
