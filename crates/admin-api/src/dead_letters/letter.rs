//! A record of the dead-letter topic in, a letter to show out.

use std::fmt::Write as _;

use rdkafka::{
    Message as _,
    message::{BorrowedMessage, Headers as _},
};

use super::{
    headers::{Header, of_letter},
    model::{Content, Filter, HeaderView, Letter, LetterId},
};

/// Bytes of a key or value that a page shows.
pub(super) const CONTENT_MAX: usize = 64 << 10;
/// Bytes of a header's value that are shown.
const HEADER_MAX: usize = 2 << 10;
/// Headers that are shown.
const HEADERS_MAX: usize = 50;

/// How much of a record is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    /// Bytes of a key or value.
    pub(super) content_max: usize,
    /// Bytes of a header's value.
    pub(super) header_max: usize,
    /// Headers.
    pub(super) headers_max: usize,
}

impl Shown {
    /// On a page.
    pub(super) const PAGE: Self =
        Self { content_max: CONTENT_MAX, header_max: HEADER_MAX, headers_max: HEADERS_MAX };
    /// All of it.
    pub(super) const ALL: Self =
        Self { content_max: usize::MAX, header_max: usize::MAX, headers_max: usize::MAX };
}

/// The headers of a record, in order.
pub(super) fn headers<'a>(record: &'a BorrowedMessage<'_>) -> Vec<Header<'a>> {
    let headers = record.headers().into_iter().flat_map(|headers| headers.iter());
    headers.map(|header| (header.key, header.value)).collect()
}

/// Whether a letter passes.
pub(super) fn passes(filter: &Filter, record: &BorrowedMessage<'_>) -> bool {
    if *filter == Filter::default() {
        return true;
    }
    let headers = headers(record);
    let parts = of_letter(&headers);
    let is = |wanted: &Option<String>, name| {
        wanted.as_deref().is_none_or(|wanted| parts.text(name) == Some(wanted))
    };
    is(&filter.reason, "penstock.reason")
        && is(&filter.topic, "penstock.topic")
        && filter.partition.is_none_or(|wanted| parts.number("penstock.partition") == Some(wanted))
}

/// Reads a letter, without decoding its value.
pub(super) fn read(record: &BorrowedMessage<'_>, shown: Shown) -> Letter {
    let headers = headers(record);
    let parts = of_letter(&headers);
    let views: Vec<HeaderView> = parts
        .original
        .iter()
        .take(shown.headers_max)
        .map(|(name, value)| HeaderView {
            name: (*name).to_owned(),
            value: value.map(|value| content(value, shown.header_max)),
        })
        .collect();
    let value = record.payload();
    let owned = |name| parts.text(name).map(str::to_owned);
    Letter {
        id: LetterId { partition: record.partition(), offset: record.offset() },
        written_at_ms: record.timestamp().to_millis(),
        reason: owned("penstock.reason"),
        detail: owned("penstock.detail"),
        source: parts.position(),
        timestamp_ms: parts.number("penstock.timestamp").filter(|at: &i64| *at >= 0),
        attempt: parts.number("penstock.attempt"),
        replayed_at_ms: None,
        key: record.key().map(|key| content(key, shown.content_max)),
        value: value.map(|value| content(value, shown.content_max)),
        headers_left_out: parts.original.len() - views.len(),
        headers: views,
        schema_id: value.and_then(|value| Some(decode::confluent_frame(value).ok()?.0)),
        decoded: None,
        decoded_until: None,
    }
}

fn content(bytes: &[u8], bytes_max: usize) -> Content {
    let shown = bytes.get(..bytes_max).unwrap_or(bytes);
    let truncated = shown.len() < bytes.len();
    // A character that was cut in two is no reason to hide the text before it.
    let text = match std::str::from_utf8(shown) {
        Ok(text) => Some(text),
        Err(error) if truncated && error.error_len().is_none() => {
            shown.get(..error.valid_up_to()).and_then(|text| std::str::from_utf8(text).ok())
        }
        Err(_) => None,
    };
    Content { bytes: bytes.len(), hex: hex(shown), text: text.map(str::to_owned), truncated }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests;
