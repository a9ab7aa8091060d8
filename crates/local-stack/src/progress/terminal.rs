//! Events in, bars on a terminal or plain lines elsewhere out, both on standard error.

use std::{
    collections::BTreeMap,
    io::{IsTerminal as _, Write as _},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{Event, Progress, Shared};
use crate::settings::Part;

/// How often a spinner moves.
const TICK: Duration = Duration::from_millis(100);
/// Columns of the longest part's name.
const NAME_WIDTH: usize = 10;

/// Draws events.
#[derive(Debug)]
pub struct Terminal {
    bars: Option<MultiProgress>,
    of_parts: Mutex<BTreeMap<Part, ProgressBar>>,
}

impl Terminal {
    /// Bars if standard error is a terminal, plain lines if not.
    #[must_use]
    pub fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { bars, of_parts: Mutex::default() }
    }

    /// The same, ready to be given to a stack.
    #[must_use]
    pub fn shared() -> Shared {
        Arc::new(Self::new())
    }

    /// The bars, for a caller that adds its own; none when lines are written.
    #[must_use]
    pub const fn bars(&self) -> Option<&MultiProgress> {
        self.bars.as_ref()
    }

    /// Writes a line above the bars.
    pub fn line(&self, text: &str) {
        match &self.bars {
            // A terminal that is gone is no reason to stop.
            Some(bars) => drop(bars.println(text)),
            None => drop(writeln!(std::io::stderr(), "{text}")),
        }
    }

    fn plain(&self, event: &Event) {
        match event {
            Event::Waiting(what) => self.line(&format!("waiting for {what}")),
            Event::FetchStarted { part, what, .. } => {
                self.line(&format!("{part:NAME_WIDTH$} fetching {what}"));
            }
            Event::Fetching { .. } => {}
            Event::Unpacking { part } => self.line(&format!("{part:NAME_WIDTH$} unpacking")),
            Event::Fetched { part, took } => {
                self.line(&format!("{part:NAME_WIDTH$} fetched in {:.1} s", took.as_secs_f64()));
            }
            Event::Starting { part } => self.line(&format!("{part:NAME_WIDTH$} starting")),
            Event::Ready { part, took } => {
                self.line(&format!("{part:NAME_WIDTH$} ready in {:.1} s", took.as_secs_f64()));
            }
            Event::Stopping { part } => self.line(&format!("{part:NAME_WIDTH$} stopping")),
            Event::Stopped { part } => self.line(&format!("{part:NAME_WIDTH$} stopped")),
        }
    }

    fn draw(&self, bars: &MultiProgress, event: Event) {
        let mut of_parts = self.of_parts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut spin = |part: Part, text: String| {
            let bar = of_parts.entry(part).or_insert_with(|| bars.add(ProgressBar::no_length()));
            bar.set_style(spinner());
            bar.set_prefix(part.to_string());
            bar.set_message(text);
            bar.enable_steady_tick(TICK);
        };
        match event {
            Event::Waiting(what) => drop(bars.println(format!("waiting for {what}"))),
            Event::FetchStarted { part, what, bytes_total } => {
                spin(part, format!("fetching {what}"));
                if let Some(bar) = of_parts.get(&part) {
                    bar.set_style(downloading());
                    bar.set_length(bytes_total);
                }
            }
            Event::Fetching { part, bytes } => {
                if let Some(bar) = of_parts.get(&part) {
                    bar.set_position(bytes.min(bar.length().unwrap_or(bytes)));
                }
            }
            Event::Unpacking { part } => spin(part, "unpacking".to_owned()),
            Event::Fetched { part, .. } => spin(part, "fetched".to_owned()),
            Event::Starting { part } => spin(part, "starting".to_owned()),
            Event::Stopping { part } => spin(part, "stopping".to_owned()),
            Event::Ready { part, took } => {
                spin(part, String::new());
                if let Some(bar) = of_parts.remove(&part) {
                    bar.finish_with_message(format!("ready in {:.1} s", took.as_secs_f64()));
                }
            }
            Event::Stopped { part } => {
                if let Some(bar) = of_parts.remove(&part) {
                    bar.finish_and_clear();
                }
            }
        }
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for Terminal {
    fn event(&self, event: Event) {
        match &self.bars {
            Some(bars) => self.draw(bars, event),
            None => self.plain(&event),
        }
    }
}

fn spinner() -> ProgressStyle {
    style("{prefix:10} {spinner} {msg}")
}

fn downloading() -> ProgressStyle {
    style("{prefix:10} {spinner} [{bar:25}] {percent:>3} % {msg} {elapsed}")
}

/// The style of a template; the plainest one should a template of ours be wrong.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
