//! The client library's errors in, codes and texts that are safe to show out.

use std::{error::Error, fmt};

use clickhouse::error::Error as ClientError;

use crate::classify;

/// Longest text kept of an error.
const CHARS_MAX: usize = 300;

/// An error as the server told it, cut to what cannot hold row contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    /// `ClickHouse`'s error code; 0 when the answer has none, as from a proxy.
    pub code: u32,
    /// Its name, such as `UNKNOWN_TABLE`; empty when there is none.
    pub name: String,
    /// The first line of the message. Of errors that may quote values it is only the beginning.
    pub text: String,
    /// The materialized view that threw, when the table itself took the rows.
    pub view: Option<String>,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if let Some(view) = &self.view {
            write!(f, " in materialized view {view}")?;
        }
        match (self.code, self.name.as_str()) {
            (0, _) => f.write_str(" (no error code)"),
            (code, "") => write!(f, " (code {code})"),
            (code, name) => write!(f, " (code {code}, {name})"),
        }
    }
}

/// What can go wrong with any request.
#[derive(Debug)]
pub(crate) enum Failure {
    NoAnswer,
    Network(String),
    Refused(ServerError),
    Unreadable(String),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        if let ClientError::TimedOut = error {
            return Self::NoAnswer;
        }
        if let ClientError::Network(source) = &error {
            return Self::Network(chain(source.as_ref()));
        }
        if let ClientError::BadResponse(text) = &error {
            return Self::Refused(ServerError::parse(text));
        }
        // The others are of the library's own making: an answer in another shape, a request that
        // cannot be built. None holds what was sent.
        Self::Unreadable(cut(&error.to_string()))
    }
}

/// The causes of a failed connection in one line; the outermost alone says next to nothing.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    cut(&text)
}

impl ServerError {
    /// Reads an answer like `Code: 60. DB::Exception: Table d.t does not exist. (UNKNOWN_TABLE)
    /// (version ..)`.
    pub(crate) fn parse(answer: &str) -> Self {
        let Some((code, message)) = split_code(answer) else {
            let line = answer.lines().next().unwrap_or_default();
            return Self { code: 0, name: String::new(), text: harmless_start(line), view: None };
        };
        let message = message.strip_prefix("DB::Exception: ").unwrap_or(message);
        let (message, name) = split_name(message);
        let line = message.lines().next().unwrap_or_default();
        let whole = classify::is_harmless(code);
        let text = if whole { cut(line) } else { harmless_start(line) };
        Self { code, name: name.to_owned(), text, view: split_view(line).map(cut) }
    }
}

fn split_code(answer: &str) -> Option<(u32, &str)> {
    let rest = answer.trim_start().strip_prefix("Code: ")?;
    let (code, message) = rest.split_once('.').unwrap_or((rest, ""));
    Some((code.trim().parse().ok()?, message.trim_start()))
}

/// Takes the last `(UPPER_CASE)` off the message: the error's name, which the version follows.
fn split_name(message: &str) -> (&str, &str) {
    let mut end = message.len();
    while let Some(open) = message.get(..end).and_then(|head| head.rfind('(')) {
        let inside = message.get(open + 1..).and_then(|rest| rest.split(')').next());
        let is_name = |text: &&str| {
            text.len() > 1
                && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        };
        if let Some(name) = inside.filter(is_name) {
            let before = message.get(..open).unwrap_or_default().trim_end();
            return (before.strip_suffix('.').unwrap_or(before), name);
        }
        end = open;
    }
    (message, "")
}

/// The view named at the very end of a message like `..: while pushing to view d.v`. Anything but
/// a plain name there is taken for a value that only looks like it.
fn split_view(line: &str) -> Option<&str> {
    let (_, view) = line.rsplit_once("while pushing to view ")?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '`');
    (!view.is_empty() && view.chars().all(plain)).then_some(view)
}

/// The beginning of a message up to where a value could follow. Values come quoted, after `:` or
/// `=`, or as numbers.
fn harmless_start(line: &str) -> String {
    let end = line.find(|c: char| matches!(c, '\'' | '"' | ':' | '=') || c.is_ascii_digit());
    let start = line.get(..end.unwrap_or(line.len())).unwrap_or_default().trim_end();
    match end {
        Some(_) => cut(start) + " \u{2026}",
        None => cut(start),
    }
}

fn cut(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut kept: String = text.chars().take(CHARS_MAX).map(clean).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        kept.push('\u{2026}');
    }
    kept
}

#[cfg(test)]
mod tests;
