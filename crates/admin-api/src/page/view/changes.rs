//! Two texts in, the lines that differ out, each with a word and a sign.

use crate::rest::lines::{DiffLine, LineChange, compare};

/// Compares line by line; nothing when the texts are alike.
#[must_use]
pub fn changes(old: &str, new: &str) -> Vec<DiffLine> {
    if old == new { Vec::new() } else { compare(old, new) }
}

/// The sign before a line.
#[must_use]
pub fn sign(change: LineChange) -> &'static str {
    match change {
        LineChange::Same => " ",
        LineChange::Removed => "−",
        LineChange::Added => "+",
    }
}

/// The word in the style sheet.
#[must_use]
pub fn key(change: LineChange) -> &'static str {
    match change {
        LineChange::Same => "same",
        LineChange::Removed => "gone",
        LineChange::Added => "added",
    }
}

#[cfg(test)]
mod tests;
