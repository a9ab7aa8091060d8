//! Headers of a record in, which of them are ours and what they say out. Pure.
//!
//! Whoever wrote the record may have used the same names. Ours are behind theirs, each once: so
//! they are taken from the end for as long as names of ours come that have not come yet.

use super::model::Position;

/// A header: its name and its value.
pub(super) type Header<'a> = (&'a str, Option<&'a [u8]>);

/// What the sink puts behind the headers of a bad record.
const OF_LETTERS: [&str; 8] = [
    "penstock.reason",
    "penstock.detail",
    "penstock.topic",
    "penstock.partition",
    "penstock.offset",
    "penstock.timestamp",
    "penstock.pipeline",
    "penstock.attempt",
];

/// What a replay puts behind the headers of the original record.
pub(super) const OF_REPLAYS: [&str; 8] = [
    "penstock.topic",
    "penstock.partition",
    "penstock.offset",
    "penstock.timestamp",
    "penstock.attempt",
    "penstock.origin",
    "penstock.dead-letter.partition",
    "penstock.dead-letter.offset",
];

/// A record's headers, taken apart.
pub(super) struct Parts<'a, 'b> {
    /// Those that came with the record.
    pub(super) original: &'b [Header<'a>],
    own: &'b [Header<'a>],
}

/// Takes the headers of a dead letter apart.
pub(super) fn of_letter<'a, 'b>(headers: &'b [Header<'a>]) -> Parts<'a, 'b> {
    split(headers, &OF_LETTERS)
}

/// Takes the headers of a replayed record apart.
pub(super) fn of_replay<'a, 'b>(headers: &'b [Header<'a>]) -> Parts<'a, 'b> {
    split(headers, &OF_REPLAYS)
}

impl<'a> Parts<'a, '_> {
    /// The value of one of our headers, if it is text.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.own.iter().find(|(own, _)| *own == name)?;
        value.and_then(|value| std::str::from_utf8(value).ok())
    }

    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// Where the record was whose letter or replay this is.
    pub(super) fn position(&self) -> Option<Position> {
        Some(Position {
            topic: self.text("penstock.topic")?.to_owned(),
            partition: self.number("penstock.partition")?,
            offset: self.number("penstock.offset")?,
        })
    }
}

fn split<'a, 'b>(headers: &'b [Header<'a>], names: &[&str]) -> Parts<'a, 'b> {
    let mut left: Vec<&str> = names.to_vec();
    let mut start = headers.len();
    for (index, (name, _)) in headers.iter().enumerate().rev() {
        let Some(found) = left.iter().position(|own| own == name) else { break };
        left.swap_remove(found);
        start = index;
    }
    let (original, own) = headers.split_at(start);
    Parts { original, own }
}

#[cfg(test)]
mod tests;
