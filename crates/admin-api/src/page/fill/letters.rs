//! Dead letters as they were read in, rows and contents ready to print out.

use super::list::whole;
use crate::{
    dead_letters::{Content, Letter},
    page::view::{
        dead_letters::{Contents, LetterRow, SHOWN_BYTES_MAX},
        number,
    },
};

/// One row.
pub(in crate::page) fn row(one: &Letter) -> LetterRow {
    let unknown = || number::NOTHING.to_owned();
    let written = one.timestamp_ms.or(one.written_at_ms);
    LetterRow {
        id: format!("{}-{}", one.id.partition, one.id.offset),
        reason: one.reason.clone().unwrap_or_else(|| "not known".to_owned()),
        detail: one.detail.clone().unwrap_or_default(),
        source: one.source.as_ref().map_or_else(
            || format!("dead letter {}-{}", one.id.partition, one.id.offset),
            |at| format!("{}:{}@{}", at.topic, at.partition, at.offset),
        ),
        when: written.map_or_else(unknown, number::moment),
        machine_when: number::machine_moment(written.unwrap_or(0)),
        size: one.value.as_ref().map_or_else(unknown, |value| size(value.bytes)),
        attempt: one.attempt.map_or_else(unknown, |attempt| attempt.to_string()),
        replayed: one.replayed_at_ms.map(|ms| (number::moment(ms), number::machine_moment(ms))),
    }
}

fn size(bytes: usize) -> String {
    u32::try_from(bytes)
        .map_or_else(|_| "over 4 GiB".to_owned(), |bytes| number::bytes(bytes.into()))
}

/// The value, decoded too where that was possible.
pub(in crate::page) fn value(one: &Letter) -> Contents {
    Contents {
        decoded: one.decoded.as_ref().and_then(|value| serde_json::to_string_pretty(value).ok()),
        undecoded: one.decoded_until.clone(),
        ..contents(one.value.as_ref())
    }
}

/// Bytes in two ways.
pub(in crate::page) fn contents(content: Option<&Content>) -> Contents {
    let Some(content) = content else { return Contents::default() };
    let bytes = bytes(&content.hex);
    let shown = bytes.len().min(SHOWN_BYTES_MAX);
    let count = |number: usize| number::count(whole(number));
    Contents {
        size: Some(format!("{} bytes", count(content.bytes))),
        cut: (shown < content.bytes)
            .then(|| format!("the first {} of {} bytes", count(shown), count(content.bytes))),
        ..Contents::of(Some(&bytes))
    }
}

/// The record's own headers.
pub(in crate::page) fn headers(one: &Letter) -> Vec<(String, String)> {
    let text = |content: &Content| match &content.text {
        Some(text) if content.truncated => format!("{text}…"),
        Some(text) => text.clone(),
        None => format!("0x{}", content.hex),
    };
    let mut headers: Vec<(String, String)> = one
        .headers
        .iter()
        .map(|header| (header.name.clone(), header.value.as_ref().map(text).unwrap_or_default()))
        .collect();
    if one.headers_left_out > 0 {
        let more = format!("{} more are not shown", count_of(one.headers_left_out));
        headers.push(("…".to_owned(), more));
    }
    headers
}

fn count_of(number: usize) -> String {
    number::count(whole(number))
}

/// Bytes of hexadecimal digits; what is no digit ends them.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .map_while(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect()
}

#[cfg(test)]
mod tests;
