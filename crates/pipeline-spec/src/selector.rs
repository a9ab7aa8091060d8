//! Text such as `team=retail,env!=test,critical` in, a test for labels out.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// Chooses pipelines by their labels. Every part must hold; no parts choose everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Equals(String, String),
    /// Holds as well where the label is missing.
    Differs(String, String),
    Present(String),
}

/// Most parts of one selector; a pipeline has at most 32 labels.
const PARTS_MAX: usize = 32;

impl Selector {
    /// Whether these labels are chosen.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Equals(key, value) => labels.get(key) == Some(value),
            Part::Differs(key, value) => labels.get(key) != Some(value),
            Part::Present(key) => labels.contains_key(key),
        })
    }

    /// Whether it chooses everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

/// A selector that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSelector {
    /// A part that is none of `label=value`, `label!=value` and `label`.
    #[error("`{0}` is none of label=value, label!=value and label")]
    Part(String),
    /// More parts than a pipeline can have labels.
    #[error("more than {PARTS_MAX} parts")]
    TooMany,
}

impl FromStr for Selector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, InvalidSelector> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let parts: Vec<Part> = text.split(',').map(part).collect::<Result<_, _>>()?;
        if parts.len() > PARTS_MAX {
            return Err(InvalidSelector::TooMany);
        }
        Ok(Self { parts })
    }
}

fn part(text: &str) -> Result<Part, InvalidSelector> {
    let text = text.trim();
    let refused = || InvalidSelector::Part(text.to_owned());
    let (key, part): (&str, fn(String, String) -> Part) = match text.split_once('=') {
        None if is_word(text) && !text.is_empty() => return Ok(Part::Present(text.to_owned())),
        None => return Err(refused()),
        Some((key, _)) => match key.strip_suffix('!') {
            Some(key) => (key, Part::Differs),
            None => (key, Part::Equals),
        },
    };
    let value = text.split_once('=').map_or("", |(_, value)| value);
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() || !is_word(key) || !is_word(value) {
        return Err(refused());
    }
    Ok(part(key.to_owned(), value.to_owned()))
}

/// What validation allows in labels.
fn is_word(text: &str) -> bool {
    text.len() <= 63 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            match part {
                Part::Equals(key, value) => write!(f, "{key}={value}")?,
                Part::Differs(key, value) => write!(f, "{key}!={value}")?,
                Part::Present(key) => f.write_str(key)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
