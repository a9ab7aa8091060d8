//! What happens in a world in, lines to read out; nothing at all unless somebody will read them.

use std::{collections::VecDeque, fmt::Write as _};

/// Lines kept: the last ones, since they show what went wrong.
const LINES_MAX: usize = 600;

/// What happened, in order.
#[derive(Debug, Default)]
pub(super) struct History {
    lines: Option<VecDeque<String>>,
    forgotten: usize,
}

impl History {
    /// One that keeps what it is told if `kept`.
    pub(super) fn new(kept: bool) -> Self {
        Self { lines: kept.then(VecDeque::new), forgotten: 0 }
    }

    pub(super) fn note(&mut self, now: u64, line: impl FnOnce() -> String) {
        let Some(lines) = &mut self.lines else { return };
        if lines.len() == LINES_MAX {
            lines.pop_front();
            self.forgotten += 1;
        }
        lines.push_back(format!("{now:>5} {}", line()));
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if self.forgotten > 0 {
            writeln!(text, "      ... {} earlier lines ...", self.forgotten).unwrap();
        }
        for line in self.lines.iter().flatten() {
            writeln!(text, "{line}").unwrap();
        }
        text
    }
}
