//! A pipeline as written in, every problem with its values out.

use std::{fmt, ops::RangeInclusive};

use serde::Serialize;

use crate::{
    choices::{Envelope, Evolution, Format, KeyFormat, MetadataColumn, Start},
    document::{Batch, Pipeline, Source, Target},
};

mod expression;

/// A document that cannot be used, with every reason found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invalid {
    /// What is wrong; never empty.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where, as a JSON pointer such as `/target/table`; empty for the whole document.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl From<Problem> for Invalid {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid pipeline")?;
        for (index, Problem { pointer, message }) in self.problems.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            match pointer.as_str() {
                "" => f.write_str(message)?,
                pointer => write!(f, "{pointer}: {message}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

impl Pipeline {
    /// Checks names, limits, values against each other, and that every feature asked for exists.
    ///
    /// # Errors
    ///
    /// With every problem found, in the order of the document.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut found = Found::default();
        self.check_identity(&mut found);
        check_source(&self.source, &mut found);
        check_target(&self.target, &mut found);
        self.check_columns(&mut found);
        found.unless(self.sql.is_none(), "/sql", "sinks cannot run it yet");
        check_batch(&self.batch, &mut found);
        found.within("/workers", self.workers.into(), 1..=64);
        if found.0.is_empty() { Ok(()) } else { Err(Invalid { problems: found.0 }) }
    }

    fn check_identity(&self, found: &mut Found) {
        found.unless(is_slug(&self.name), "/name", SLUG);
        found.unless(self.labels.len() <= 32, "/labels", "at most 32 labels");
        for (key, value) in &self.labels {
            let fits = |text: &str, least| {
                (least..=63).contains(&text.len()) && text.bytes().all(is_name_byte)
            };
            let pointer = format!("/labels/{}", key.replace('~', "~0").replace('/', "~1"));
            found.unless(
                fits(key, 1) && fits(value, 0),
                pointer,
                "a label is up to 63 letters, digits, `-`, `_` and `.` on either side",
            );
        }
    }

    fn check_columns(&self, found: &mut Found) {
        let columns = &self.columns;
        found.unless(self.evolution == Evolution::None, "/evolution", NOT_YET);
        found.unless(columns.exclude.is_empty(), "/columns/exclude", NOT_YET);
        found.unless(columns.rename.is_empty(), "/columns/rename", NOT_YET);
        let metadata = &columns.metadata;
        found.unless(
            MetadataColumn::ALWAYS.iter().all(|column| metadata.contains(*column)),
            "/columns/metadata",
            "topic, partition, offset and timestamp must be listed: leaving one out is not \
             supported yet",
        );
        found.unique("/columns/metadata", &metadata.0);
    }
}

fn check_source(source: &Source, found: &mut Found) {
    found.unless(source.pattern.is_none(), "/source/pattern", NOT_YET);
    if source.pattern.is_none() {
        found.within("/source/topics", source.topics.len() as u64, 1..=100);
    }
    found.unique("/source/topics", &source.topics);
    for (index, topic) in source.topics.iter().enumerate() {
        found.unless(
            is_kafka_name(topic, 249) && topic != "." && topic != "..",
            format!("/source/topics/{index}"),
            "a topic name is 1 to 249 letters, digits, `.`, `_` and `-`",
        );
    }
    let format = matches!(source.format, Format::Auto | Format::Avro);
    found.unless(format, "/source/format", NOT_YET);
    found.unless(source.key_format != KeyFormat::Avro, "/source/key_format", NOT_YET);
    found.unless(source.envelope == Envelope::None, "/source/envelope", NOT_YET);
    found.unless(source.records.is_empty(), "/source/records", NOT_YET);
    if let Some(group) = &source.group {
        found.unless(
            is_kafka_name(group, 255),
            "/source/group",
            "a group name is 1 to 255 letters, digits, `.`, `_` and `-`",
        );
    }
    let since_1970 = !matches!(source.start, Start::Timestamp(..0));
    found.unless(since_1970, "/source/start/timestamp", "must not be negative (ms since 1970)");
}

fn check_target(target: &Target, found: &mut Found) {
    const IDENTIFIER: &str = "a name is 1 to 127 letters, digits, `_`, `-` and `.`";
    found.unless(is_identifier(&target.database), "/target/database", IDENTIFIER);
    let system = ["system", "information_schema"];
    found.unless(
        !system.contains(&target.database.to_ascii_lowercase().as_str()),
        "/target/database",
        "a database of the server itself cannot be a target",
    );
    found.unless(is_identifier(&target.table), "/target/table", IDENTIFIER);
    found.unless(target.order_by.len() <= 32, "/target/order_by", "at most 32 entries");
    for (index, key) in target.order_by.iter().enumerate() {
        if let Some(problem) = expression::problem(key).filter(|_| !is_identifier(key)) {
            found.0.push(Problem::new(format!("/target/order_by/{index}"), problem));
        }
    }
    found.unique("/target/order_by", &target.order_by);
    if let Some(problem) = target.partition_by.as_deref().and_then(expression::problem) {
        found.0.push(Problem::new("/target/partition_by", problem));
    }
    found.unless(
        ["MergeTree", "ReplacingMergeTree"].contains(&target.engine.as_str()),
        "/target/engine",
        "not supported yet: MergeTree and ReplacingMergeTree are, without arguments",
    );
}

fn check_batch(batch: &Batch, found: &mut Found) {
    found.within("/batch/rows_max", batch.rows_max, 1..=Batch::ROWS_LIMIT);
    found.within("/batch/bytes_max", batch.bytes_max, Batch::BYTES_LEAST..=Batch::BYTES_LIMIT);
    found.within("/batch/age_ms", batch.age_ms, 1..=Batch::AGE_MS_LIMIT);
    found.within("/batch/age_ms_max", batch.age_ms_max, 1..=Batch::AGE_MS_LIMIT);
    found.unless(
        batch.age_ms <= batch.age_ms_max,
        "/batch/age_ms",
        format!("must not exceed age_ms_max, which is {}", batch.age_ms_max),
    );
}

const NOT_YET: &str = "not supported yet";
const SLUG: &str = "must be 1 to 63 of a-z, 0-9 and `-`";

/// Collects problems while the checks go on.
#[derive(Default)]
struct Found(Vec<Problem>);

impl Found {
    fn unless(&mut self, holds: bool, pointer: impl Into<String>, message: impl Into<String>) {
        if !holds {
            self.0.push(Problem::new(pointer, message));
        }
    }

    fn within(&mut self, pointer: &str, value: u64, range: RangeInclusive<u64>) {
        let (least, most) = (range.start(), range.end());
        let message = format!("must be {least} to {most}, not {value}");
        self.unless(range.contains(&value), pointer, message);
    }

    fn unique<T: PartialEq>(&mut self, pointer: &str, items: &[T]) {
        for (index, item) in items.iter().enumerate() {
            let first = !items.iter().take(index).any(|earlier| earlier == item);
            self.unless(first, format!("{pointer}/{index}"), "is listed twice");
        }
    }
}

fn is_slug(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// Kafka's own rule for topics; groups are freer, but names outside it cannot be told apart in
/// logs and metrics.
fn is_kafka_name(text: &str, bytes_max: usize) -> bool {
    (1..=bytes_max).contains(&text.len()) && text.bytes().all(is_name_byte)
}

/// 127 bytes: with what the server appends, a table's file names must fit into 255, each byte
/// beyond ASCII taking three there.
fn is_identifier(text: &str) -> bool {
    (1..=127).contains(&text.len())
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests;
