//! Two texts in, the lines that differ out.

/// Most lines of either text that are compared; beyond, the rest is shown as replaced.
const LINES_MAX: usize = 2_000;

/// A line of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whether it is in both, only in the old or only in the new text.
    pub kind: Kind,
    /// The line.
    pub text: String,
}

/// In which of the two texts a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In both.
    Same,
    /// Only in the old one.
    Gone,
    /// Only in the new one.
    Added,
}

impl Kind {
    /// The sign before the line.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Same => " ",
            Self::Gone => "−",
            Self::Added => "+",
        }
    }

    /// The word in the style sheet.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Gone => "gone",
            Self::Added => "added",
        }
    }
}

/// Compares line by line; nothing when the texts are alike.
#[must_use]
pub fn diff(old: &str, new: &str) -> Vec<Line> {
    if old == new {
        return Vec::new();
    }
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let (old, old_rest) = old.split_at(old.len().min(LINES_MAX));
    let (new, new_rest) = new.split_at(new.len().min(LINES_MAX));
    let mut lines = common(old, new);
    lines.extend(old_rest.iter().map(|text| line(Kind::Gone, text)));
    lines.extend(new_rest.iter().map(|text| line(Kind::Added, text)));
    lines
}

fn line(kind: Kind, text: &str) -> Line {
    Line { kind, text: text.to_owned() }
}

/// The longest common subsequence, by a table: at most 2,000 by 2,000 numbers of two bytes.
fn common(old: &[&str], new: &[&str]) -> Vec<Line> {
    let width = new.len() + 1;
    // lengths[i * width + j]: length of the longest one of old[i..] and new[j..].
    let mut lengths = vec![0_u16; (old.len() + 1) * width];
    let at = |lengths: &[u16], i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    for (i, left) in old.iter().enumerate().rev() {
        for (j, right) in new.iter().enumerate().rev() {
            let length = if left == right {
                at(&lengths, i + 1, j + 1) + 1
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(slot) = lengths.get_mut(i * width + j) {
                *slot = length;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::with_capacity(old.len().max(new.len()));
    loop {
        match (old.get(i), new.get(j)) {
            (Some(left), Some(right)) if left == right => {
                lines.push(line(Kind::Same, left));
                (i, j) = (i + 1, j + 1);
            }
            (Some(left), right)
                if right.is_none() || at(&lengths, i + 1, j) >= at(&lengths, i, j + 1) =>
            {
                lines.push(line(Kind::Gone, left));
                i += 1;
            }
            (_, Some(right)) => {
                lines.push(line(Kind::Added, right));
                j += 1;
            }
            (_, None) => return lines,
        }
    }
}

#[cfg(test)]
mod tests;
