//! A page of Markdown in, its blocks of shell commands and what they shall answer out.

use anyhow::{Context as _, bail, ensure};

#[cfg(test)]
mod tests;

/// Stands for any text within a line of an answer.
const ANYTHING: char = '…';

/// When the commands of a block are run; the word after `sh` where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Before each other block: what the others use.
    Always,
    /// On every commit: looks at what is there.
    Smoke,
    /// On every commit: makes a pipeline and changes its schema.
    Pipeline,
    /// On request: takes long, or stops what others want to use.
    Manual,
    /// Never, for the reason that follows the word.
    NotRun,
}

/// Commands of the page.
#[derive(Debug)]
pub(super) struct Block {
    /// The last heading before it.
    pub(super) heading: String,
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    /// When it is run.
    pub(super) class: Class,
    /// Lines that its answer must have, in this order.
    pub(super) expected: Vec<String>,
    script: Vec<String>,
}

impl Block {
    /// Its commands.
    pub(super) fn script(&self) -> String {
        self.script.join("\n")
    }
}

/// The blocks of shell commands of a page, in their order.
///
/// # Errors
///
/// When a block of commands does not say when it is run, or is never run and does not say why.
pub(super) fn blocks(page: &str) -> anyhow::Result<Vec<Block>> {
    let mut found: Vec<Block> = Vec::new();
    let mut heading = String::new();
    let mut answered = None; // whether a `text` may follow as the answer of the last block
    let mut lines = page.lines().zip(1..);
    while let Some((text, line)) = lines.next() {
        if let Some(title) = text.strip_prefix('#') {
            title.trim_start_matches('#').trim().clone_into(&mut heading);
        }
        let Some(info) = text.trim_start().strip_prefix("```") else {
            if !text.trim().is_empty() {
                answered = None;
            }
            continue;
        };
        let within: Vec<String> = lines.by_ref().map_while(|(text, _)| unfenced(text)).collect();
        let (language, class) = info.split_once(' ').unwrap_or((info, ""));
        match language {
            "sh" => {
                let class = read_class(class).with_context(|| format!("line {line}"))?;
                answered = Some(found.len());
                let heading = heading.clone();
                found.push(Block { heading, line, class, script: within, expected: Vec::new() });
            }
            "text" => {
                if let Some(block) = answered.take().and_then(|at| found.get_mut(at)) {
                    block.expected = within;
                }
            }
            "bash" | "shell" | "console" | "" => bail!("line {line}: write ```sh CLASS"),
            _ => answered = None,
        }
    }
    Ok(found)
}

fn unfenced(text: &str) -> Option<String> {
    (text.trim() != "```").then(|| text.to_owned())
}

fn read_class(text: &str) -> anyhow::Result<Class> {
    Ok(match text {
        "always" => Class::Always,
        "smoke" => Class::Smoke,
        "pipeline" => Class::Pipeline,
        "manual" => Class::Manual,
        _ => {
            let why = text.strip_prefix("not-run: ").unwrap_or_default();
            ensure!(
                !why.trim().is_empty(),
                "{text:?} is not always, smoke, pipeline, manual or not-run: WHY"
            );
            Class::NotRun
        }
    })
}

/// The first expected line that `answer` does not have behind those before it.
pub(super) fn missing<'a>(answer: &str, expected: &'a [String]) -> Option<&'a str> {
    let mut lines = answer.lines();
    expected
        .iter()
        .map(|line| line.trim_end())
        .find(|wanted| !lines.any(|line| fits(line.trim_end(), wanted)))
}

/// Whether a line is as wanted.
fn fits(line: &str, wanted: &str) -> bool {
    let mut parts = wanted.split(ANYTHING);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}
