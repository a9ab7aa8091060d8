//! What campaigns found in, tables for people out.

use std::fmt::Write as _;

use super::{
    counts::{Count, Counts},
    world::{Failure, Wrong},
};
use crate::rules::Rule;

/// What noticed the lack of a rule.
#[derive(Clone, Debug)]
pub(super) struct Found {
    rule: Rule,
    seed: u64,
    first: Wrong,
    seeds: u64,
    /// In the order in which they were seen first.
    kinds: Vec<Wrong>,
}

impl Found {
    pub(super) fn new(rule: Rule, seed: u64, failure: &Failure) -> Self {
        Self { rule, seed, first: failure.wrong, seeds: 0, kinds: Vec::new() }
    }

    pub(super) fn add(&mut self, failure: &Failure) {
        self.seeds += 1;
        if !self.kinds.contains(&failure.wrong) {
            self.kinds.push(failure.wrong);
        }
    }

    /// The first seed, and how to see it.
    pub(super) fn first(&self) -> String {
        let Self { rule, seed, first, .. } = self;
        format!("{} (cargo xtask sim --seed {seed} --without {rule:?})", first.as_str())
    }
}

/// How often each thing happened.
pub(super) fn happened(counts: &Counts) -> String {
    let mut text = String::new();
    for (count, words) in Count::ALL {
        writeln!(text, "{:>12} {words}", counts.get(*count)).unwrap();
    }
    text
}

/// The numbers of `docs/simulation.md`.
pub(super) fn numbers(
    seeds: u64,
    seeds_per_rule: u64,
    seconds: u64,
    counts: &Counts,
    rules: &[(Rule, Option<Found>)],
) -> String {
    let mut text = format!(
        "{seeds} seeds with all rules: no promise broken. {seeds_per_rule} seeds without each \
         rule. {seconds} s on two threads.\n\n\
         | switched off | first seed | what it shows | seeds that notice | what they show |\n\
         |---|---:|---|---:|---|\n"
    );
    for (rule, found) in rules {
        let Some(Found { seed, first, seeds, kinds, .. }) = found else {
            writeln!(text, "| {rule:?} | none | | 0 | |").unwrap();
            continue;
        };
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let (first, kinds) = (first.as_str(), kinds.join(", "));
        writeln!(text, "| {rule:?} | {seed} | {first} | {seeds} | {kinds} |").unwrap();
    }
    text.push_str("\n| happened in the seeds with all rules | times |\n|---|---:|\n");
    for (count, words) in Count::ALL {
        writeln!(text, "| {words} | {} |", counts.get(*count)).unwrap();
    }
    text
}
