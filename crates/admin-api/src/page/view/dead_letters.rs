//! Records that could not become rows in, the pages to browse and to replay them out.

use askama::Template;

use super::{frame::Frame, pipeline::Head};

/// The dead letters of one pipeline.
#[derive(Clone, Debug, Template)]
#[template(path = "dead_letters.html")]
pub struct DeadLettersPage {
    /// What surrounds it.
    pub frame: Frame,
    /// What is above it.
    pub head: Head,
    /// Name of the topic that holds them.
    pub topic: String,
    /// How long Kafka keeps them.
    pub kept: Option<String>,
    /// The letters of this page.
    pub rows: Vec<LetterRow>,
    /// How many there are, for a person.
    pub total: String,
    /// The reason that is filtered by.
    pub reason: String,
    /// Address of the older ones.
    pub older: Option<String>,
    /// Whether these are the newest.
    pub newest: bool,
    /// Why they cannot be shown.
    pub trouble: Option<String>,
    /// Whether there is a topic for them yet.
    pub exists: bool,
    /// Whether all replays are known, so that a letter without a mark was not replayed.
    pub replays_known: bool,
    /// Address of all of them with this reason, a line of JSON each.
    pub export: String,
    /// Whether they can be replayed.
    pub can_replay: bool,
}

/// One dead letter of the list.
#[derive(Clone, Debug)]
pub struct LetterRow {
    /// Its place in the topic of dead letters, `partition-offset`.
    pub id: String,
    /// The reason's word.
    pub reason: String,
    /// What is wrong, without contents.
    pub detail: String,
    /// Topic, partition and offset of the record.
    pub source: String,
    /// When the record was written, in UTC.
    pub when: String,
    /// The same for a machine.
    pub machine_when: String,
    /// Size of its value.
    pub size: String,
    /// How often the record was tried.
    pub attempt: String,
    /// When the record was replayed last, in UTC: for a person, for a machine.
    pub replayed: Option<(String, String)>,
}

/// One dead letter with its contents.
#[derive(Clone, Debug, Template)]
#[template(path = "dead_letter.html")]
pub struct LetterPage {
    /// What surrounds it.
    pub frame: Frame,
    /// What is above it.
    pub head: Head,
    /// The letter.
    pub row: LetterRow,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its key.
    pub key: Contents,
    /// Its value.
    pub value: Contents,
    /// Whether it can be replayed.
    pub can_replay: bool,
}

/// Bytes in three ways.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// How many there are; `None` for none at all.
    pub size: Option<String>,
    /// As numbers, 16 a line.
    pub hex: String,
    /// As text, with a sign for what is none.
    pub text: String,
    /// As a record, by its schema.
    pub decoded: Option<String>,
    /// Why it cannot be decoded.
    pub undecoded: Option<String>,
    /// What was cut off.
    pub cut: Option<String>,
}

/// Most bytes that are shown.
pub const SHOWN_BYTES_MAX: usize = 4_096;

impl Contents {
    /// Shows `bytes`, at most [`SHOWN_BYTES_MAX`] of them.
    #[must_use]
    pub fn of(bytes: Option<&[u8]>) -> Self {
        let Some(bytes) = bytes else { return Self::default() };
        let size = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let total = super::number::count(size(bytes.len()));
        let shown = bytes.get(..SHOWN_BYTES_MAX).unwrap_or(bytes);
        let cut = (shown.len() < bytes.len()).then(|| {
            format!("the first {} of {total} bytes", super::number::count(size(shown.len())))
        });
        Self {
            size: Some(format!("{total} bytes")),
            hex: hex(shown),
            text: text(shown),
            decoded: None,
            undecoded: None,
            cut,
        }
    }
}

/// Offset, 16 bytes and the same as ASCII, a line each.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 5);
    for (line, bytes) in bytes.chunks(16).enumerate() {
        text.push_str(&format!("{:06x} ", line * 16));
        for place in 0..16 {
            match bytes.get(place) {
                Some(byte) => text.push_str(&format!(" {byte:02x}")),
                None => text.push_str("   "),
            }
            if place == 7 {
                text.push(' ');
            }
        }
        text.push_str("  ");
        text.extend(bytes.iter().map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        }));
        text.push('\n');
    }
    text
}

/// Text in which nothing can turn the direction of reading or hide: every control character
/// but line ends and tabs becomes a sign.
fn text(bytes: &[u8]) -> String {
    let odd = |character: char| {
        let turns = matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}');
        turns || (character.is_control() && !matches!(character, '\n' | '\t'))
    };
    let shown =
        |character: char| if odd(character) { char::REPLACEMENT_CHARACTER } else { character };
    String::from_utf8_lossy(bytes).chars().map(shown).collect()
}

#[cfg(test)]
mod tests;
