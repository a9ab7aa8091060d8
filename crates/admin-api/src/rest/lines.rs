//! Two texts in, the lines of both with what became of each out.

use serde::Serialize;
use utoipa::ToSchema;

/// Most lines of a text that are compared: the work grows with the square. Those behind them are
/// told as replaced.
pub(crate) const LINES_MAX: usize = 2_000;

/// A line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiffLine {
    /// What became of it.
    #[schema(inline)]
    pub change: LineChange,
    /// The line.
    pub text: String,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LineChange {
    /// It is in both texts.
    Same,
    /// It is in the newer text only.
    Added,
    /// It is in the older text only.
    Removed,
}

/// Compares line by line: all lines of both texts, in order.
pub(crate) fn compare(old: &str, new: &str) -> Vec<DiffLine> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let (old, old_rest) = old.split_at(old.len().min(LINES_MAX));
    let (new, new_rest) = new.split_at(new.len().min(LINES_MAX));
    let mut lines = common(old, new);
    lines.extend(old_rest.iter().map(|text| line(LineChange::Removed, text)));
    lines.extend(new_rest.iter().map(|text| line(LineChange::Added, text)));
    lines
}

fn line(change: LineChange, text: &str) -> DiffLine {
    DiffLine { change, text: text.to_owned() }
}

/// The longest common subsequence is the same, what is in one only was added or removed.
fn common(old: &[&str], new: &[&str]) -> Vec<DiffLine> {
    // common[i][j]: lines in common from old[i] and new[j] on.
    let width = new.len() + 1;
    let mut common = vec![0_u16; (old.len() + 1) * width];
    let at = |i: usize, j: usize| i * width + j;
    let get = |common: &[u16], place: usize| common.get(place).copied().unwrap_or(0);
    for (i, one) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            let best = if one == other {
                get(&common, at(i + 1, j + 1)) + 1
            } else {
                get(&common, at(i + 1, j)).max(get(&common, at(i, j + 1)))
            };
            if let Some(place) = common.get_mut(at(i, j)) {
                *place = best;
            }
        }
    }
    let mut lines = Vec::with_capacity(old.len().max(new.len()));
    let mut push = |change, text| lines.push(line(change, text));
    let (mut i, mut j) = (0, 0);
    loop {
        match (old.get(i), new.get(j)) {
            (None, None) => return lines,
            (Some(one), Some(other)) if one == other => {
                push(LineChange::Same, one);
                (i, j) = (i + 1, j + 1);
            }
            (Some(one), other)
                if other.is_none() || get(&common, at(i + 1, j)) >= get(&common, at(i, j + 1)) =>
            {
                push(LineChange::Removed, one);
                i += 1;
            }
            (_, Some(other)) => {
                push(LineChange::Added, other);
                j += 1;
            }
            (Some(one), None) => {
                push(LineChange::Removed, one);
                i += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests;
