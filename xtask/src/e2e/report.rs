//! Steps in, their times and outcomes as a document out.

use std::{fmt::Write as _, num::NonZero, thread::available_parallelism, time::Instant};

use crate::say;

/// What was done and seen so far.
#[derive(Debug)]
pub(super) struct Report {
    command: &'static str,
    steps: Vec<(String, f64)>,
    counted: Vec<String>,
}

impl Report {
    /// An empty one, made by this command.
    pub(super) const fn new(command: &'static str) -> Self {
        Self { command, steps: Vec::new(), counted: Vec::new() }
    }

    /// Runs a step and notes how long it took.
    ///
    /// # Errors
    ///
    /// Those of the step, with its name.
    pub(super) fn step<Done>(
        &mut self,
        name: &str,
        step: impl FnOnce() -> anyhow::Result<Done>,
    ) -> anyhow::Result<Done> {
        say(&format!("{name} ..."));
        let since = Instant::now();
        let done = step().map_err(|error| error.context(name.to_owned()))?;
        let seconds = since.elapsed().as_secs_f64();
        say(&format!("{name}: {seconds:.1} s"));
        self.steps.push((name.to_owned(), seconds));
        Ok(done)
    }

    /// Notes what was counted in the end.
    pub(super) fn counted(&mut self, lines: &[String]) {
        self.counted.extend_from_slice(lines);
    }

    /// All of it, in Markdown.
    pub(super) fn text(&self) -> String {
        let command = self.command;
        let cores = available_parallelism().map_or(0, NonZero::get);
        let minutes = self.steps.iter().map(|(_, seconds)| seconds).sum::<f64>() / 60.0;
        let mut text = format!(
            "# The stack in containers, end to end\n\nWritten by `{command}`, {cores} cores. Every step \
             passed, in {minutes:.1} minutes.\n\n| step | seconds |\n|---|---|\n"
        );
        for (name, seconds) in &self.steps {
            writeln!(text, "| {name} | {seconds:.1} |").ok();
        }
        text.push('\n');
        for line in &self.counted {
            writeln!(text, "* {line}").ok();
        }
        text
    }
}
