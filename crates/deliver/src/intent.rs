//! What a commit's metadata string says, read and written: the ranges in flight and where the
//! offsets come from.
//!
//! ```text
//! 1;<topic id>;<rewinds>[.<reset>];<partitions>@<ms>;<range>,<range>,...
//! range: <first>-<last>:<rows>:<bytes>:<used>:<nonce>:<fingerprint>:<revision>[:u<id>.<id>...]
//! ```
//!
//! `1` is the version of the format *and* of everything a repeated insert depends on: the form of
//! tokens and the settings that inserts carry. Whoever changes one of those writes `2`.

use std::fmt;

use crate::{Nonce, Offset, Token, TopicId, TopicPartition, settings::RANGES_MAX};

/// Most ids that the intent of one range names as unknown to the registry; one more cuts the
/// batch. Keeps the metadata of [`RANGES_MAX`] ranges far below Kafka's 4,096 bytes.
pub const UNKNOWN_IDS_MAX: usize = 8;

/// Kafka's `offset.metadata.max.bytes`, unless someone lowered it.
pub const METADATA_BYTES_MAX: usize = 4_096;

const VERSION: &str = "1";

/// One range in flight, as recorded before it is inserted (rule R6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// First offset.
    pub first: Offset,
    /// Last offset.
    pub last: Offset,
    /// Rows that the range became; 0 when every record was skipped or bad.
    pub rows: u64,
    /// Bytes of memory that its batch took: what a replay needs.
    pub bytes: u64,
    /// [`crate::Window::used`] when the range was cut.
    pub used: u64,
    /// Random part of its token.
    pub nonce: Nonce,
    /// Of everything that decides which rows its records become ([`crate::Batch::fingerprint`]).
    pub fingerprint: u64,
    /// The pipeline document's revision, shortened to 64 bits.
    pub revision: u64,
    /// Schema ids whose records went to the dead letters because the registry did not know them.
    /// A replay treats exactly these as unknown, whatever the registry says by then.
    pub unknown_ids: Vec<u32>,
}

impl Intent {
    /// What ClickHouse recognises a repeated insert of the range by.
    pub(crate) fn token(&self, of: &TopicPartition) -> Token {
        Token::new(of, self.first, self.last, self.nonce)
    }
}

/// Where the offsets of a partition come from. Carried from commit to commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// The topic whose offsets these are, if Kafka could tell.
    pub topic: Option<TopicId>,
    /// How often somebody has set the offsets by hand. While it is 0 they only ever grew, so
    /// rows found in the table are rows of this reading of the topic.
    pub rewinds: u32,
    /// Marks the reset that was carried out last, if the last rewind was one that had a mark: who
    /// finds it here must not carry it out again.
    pub reset: Option<u64>,
    /// When `start` was resolved for the group's first time.
    pub origin: Origin,
}

/// When and over how many partitions a pipeline's `start` was resolved. A partition with a higher
/// number appeared later and starts at its first record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Partitions of the topic at that time; 0 when it is not known.
    pub partitions: u32,
    /// Milliseconds since 1970.
    pub at_ms: i64,
}

/// A parsed metadata string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Where the offset comes from.
    pub lineage: Lineage,
    /// Ranges that may have been inserted, in whole or in part. Contiguous; the first begins at
    /// the committed offset.
    pub ranges: Vec<Intent>,
}

impl Metadata {
    /// Reads the metadata committed beside `offset`. `None` when there is none: then somebody
    /// else has committed this offset.
    ///
    /// # Errors
    ///
    /// When it is not wholly understood (rule R2: never guess).
    pub fn parse(text: &str, offset: Offset) -> Result<Option<Self>, UnknownMetadata> {
        if text.is_empty() {
            return Ok(None);
        }
        // Only what we would write ourselves has been understood.
        let found = read(text, offset).filter(|found| found.text() == text);
        found.map(Some).ok_or(UnknownMetadata)
    }

    /// As it is committed.
    #[must_use]
    pub fn text(&self) -> String {
        text(&self.lineage, self.ranges.iter())
    }
}

/// Metadata of another version, or of somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownMetadata;

pub(crate) fn text<'a>(lineage: &Lineage, ranges: impl Iterator<Item = &'a Intent>) -> String {
    let topic = lineage.topic.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let Lineage { rewinds, reset, origin: Origin { partitions, at_ms }, .. } = lineage;
    let reset = reset.map_or_else(String::new, |mark| format!(".{mark:016x}"));
    let ranges: Vec<String> = ranges.map(Intent::to_string).collect();
    format!("{VERSION};{topic};{rewinds}{reset};{partitions}@{at_ms};{}", ranges.join(","))
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last, rows, bytes, used, nonce, fingerprint, revision, unknown_ids } =
            self;
        write!(f, "{first}-{last}:{rows}:{bytes}:{used}:")?;
        write!(f, "{nonce}:{fingerprint:016x}:{revision:016x}")?;
        for (index, id) in unknown_ids.iter().enumerate() {
            write!(f, "{}{id}", if index == 0 { ":u" } else { "." })?;
        }
        Ok(())
    }
}

fn read(text: &str, offset: Offset) -> Option<Metadata> {
    let mut parts = text.split(';');
    if parts.next()? != VERSION {
        return None;
    }
    let topic = match parts.next()? {
        "-" => None,
        id => Some(TopicId((id.len() == 32).then(|| u128::from_str_radix(id, 16).ok())??)),
    };
    let mut rewinds = parts.next()?.splitn(2, '.');
    let (count, mark) = (rewinds.next()?, rewinds.next());
    let reset = match mark {
        None => None,
        Some(mark) => Some(u64::from_str_radix(mark, 16).ok()?),
    };
    let rewinds = count.parse().ok()?;
    let (partitions, at_ms) = parts.next()?.split_once('@')?;
    let origin = Origin { partitions: partitions.parse().ok()?, at_ms: at_ms.parse().ok()? };
    let ranges = match parts.next()? {
        "" => Vec::new(),
        ranges => ranges.split(',').map(range).collect::<Option<Vec<_>>>()?,
    };
    let mut first = offset;
    for range in &ranges {
        if range.first != first || range.last < first {
            return None;
        }
        first = range.last.next();
    }
    let whole = parts.next().is_none() && ranges.len() <= RANGES_MAX;
    whole.then_some(Metadata { lineage: Lineage { topic, rewinds, reset, origin }, ranges })
}

fn range(text: &str) -> Option<Intent> {
    let mut parts = text.split(':');
    let (first, last) = parts.next()?.split_once('-')?;
    let offset = |text: &str| Offset::new(text.parse().ok()?).ok();
    let mut number = || parts.next()?.parse().ok();
    let (rows, bytes, used) = (number()?, number()?, number()?);
    let mut hex = || u64::from_str_radix(parts.next()?, 16).ok();
    let (nonce, fingerprint, revision) = (Nonce(hex()?), hex()?, hex()?);
    let unknown_ids = match parts.next() {
        None => Vec::new(),
        Some(ids) => {
            let ids = ids.strip_prefix('u')?.split('.');
            ids.map(|id| id.parse().ok()).collect::<Option<Vec<_>>>()?
        }
    };
    let whole = parts.next().is_none() && unknown_ids.len() <= UNKNOWN_IDS_MAX;
    let (first, last) = (offset(first)?, offset(last)?);
    whole.then_some(Intent {
        first,
        last,
        rows,
        bytes,
        used,
        nonce,
        fingerprint,
        revision,
        unknown_ids,
    })
}

#[cfg(test)]
mod tests;
