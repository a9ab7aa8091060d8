//! Topics and records as the API tells of them in, what pages print about them out.

use serde_json::Value;

use super::{list::whole, plan::text};
use crate::{
    page::{
        fields::step,
        view::{number, plan::Rows, topics::TopicRow},
    },
    rest::{
        contents::Contents,
        topics::{PartitionSpan, SampleRecord, TopicSummary},
    },
};

/// Longest text of a key or of a value that is not decoded, in characters.
const TEXT_MAX: usize = 200;

/// One row of a list.
pub(in crate::page) fn row(one: &TopicSummary) -> TopicRow {
    TopicRow {
        name: one.topic.clone(),
        path: step(&one.topic),
        partitions: number::count(whole(one.partitions)),
        records: offset(one.records),
        rate: one.records_per_s.map_or_else(|| number::NOTHING.to_owned(), number::rate),
        pipelines: one.pipelines.clone(),
    }
}

/// Number, first offset, end and records of a partition.
pub(in crate::page) fn span(one: &PartitionSpan) -> (String, String, String, String) {
    let records = one.high.saturating_sub(one.low);
    (one.partition.to_string(), offset(one.low), offset(one.high), offset(records))
}

fn offset(offset: i64) -> String {
    number::count(u64::try_from(offset).unwrap_or(0))
}

/// Records as a table: a column for each field where they are decoded, else their text.
pub(in crate::page) fn records(found: &[SampleRecord]) -> Rows {
    let fields = fields(found);
    let keyed = found.iter().any(|one| one.key.is_some());
    let plain = found.iter().any(|one| object(one).is_none());
    let mut columns: Vec<String> = vec!["record".to_owned(), "written, UTC".to_owned()];
    columns.extend(keyed.then(|| "key".to_owned()));
    columns.extend(fields.iter().cloned());
    columns.extend(plain.then(|| "value".to_owned()));
    let line =
        |one: &SampleRecord| {
            let mut line = vec![
                format!("{}@{}", one.partition, one.offset),
                one.timestamp_ms.map(number::moment).unwrap_or_default(),
            ];
            line.extend(keyed.then(|| one.key.as_ref().map(in_short).unwrap_or_default()));
            let value = object(one);
            line.extend(fields.iter().map(|field| {
                value.and_then(|value| value.get(field)).map_or_else(String::new, text)
            }));
            line.extend(plain.then(|| match (value, &one.value) {
                (Some(_), _) => String::new(),
                (None, Some(bytes)) => in_short(bytes),
                (None, None) => "no value".to_owned(),
            }));
            line
        };
    let rows: Vec<Vec<String>> = found.iter().map(line).collect();
    let why = found.iter().find_map(|one| one.value.as_ref()?.undecodable.as_ref());
    let note = if rows.is_empty() {
        Some("The topic holds no records yet.".to_owned())
    } else {
        why.map(|why| format!("Some cannot be decoded: {why}."))
    };
    Rows { columns, rows, note }
}

fn object(one: &SampleRecord) -> Option<&serde_json::Map<String, Value>> {
    one.value.as_ref()?.decoded.as_ref()?.as_object()
}

/// Names of fields, those of the first record first.
fn fields(found: &[SampleRecord]) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for field in found.iter().filter_map(object).flat_map(serde_json::Map::keys) {
        if !fields.contains(field) {
            fields.push(field.clone());
        }
    }
    fields
}

/// Bytes in one line.
fn in_short(contents: &Contents) -> String {
    let whole = match (&contents.decoded, &contents.text) {
        (Some(value), _) => text(value),
        (None, Some(text)) => text.clone(),
        (None, None) => format!("0x{}", contents.hex),
    };
    let visible =
        |letter: char| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter };
    let mut short: String = whole.chars().take(TEXT_MAX).map(visible).collect();
    if whole.chars().nth(TEXT_MAX).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests;
