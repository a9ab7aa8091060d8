//! Seeds in, worlds without a broken promise out; rules switched off in, the seeds that notice out.
//!
//! `cargo xtask sim` runs the same tests with more seeds, told by [`Options`].

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    counts::Counts,
    report::{self, Found},
    world::{Failure, World, Wrong},
};
use crate::rules::{Rule, switch_off};

/// Seeds of an ordinary test.
const SEEDS: u64 = 2_500;

/// Seeds within which the lack of a rule must be noticed.
const SEEDS_PER_RULE: u64 = 5_000;

/// Seeds that a thread takes at once.
const CHUNK: u64 = 50;

/// Threads. A world has one: what follows from a seed never depends on their number.
const THREADS: usize = 2;

/// Every rule that this crate keeps.
pub(super) const RULES: [Rule; 13] = [
    Rule::R2,
    Rule::R3,
    Rule::R4,
    Rule::R5,
    Rule::R6,
    Rule::R7,
    Rule::R8,
    Rule::R9,
    Rule::R10,
    Rule::R11,
    Rule::R12,
    Rule::R14,
    Rule::R15,
];

/// What one seed led to.
#[derive(Debug)]
struct Ended {
    counts: Counts,
    failure: Option<Failure>,
    history: String,
}

fn run(seed: u64, without: Option<Rule>, kept: bool) -> Ended {
    switch_off(without);
    let mut world = World::new(seed, kept);
    let ran = catch_unwind(AssertUnwindSafe(|| world.run()));
    switch_off(None);
    if ran.is_err() {
        world.fail(Wrong::Panicked, || "the panic is told above".to_owned());
    }
    let history = world.history.text();
    Ended { counts: world.counts, failure: world.failure, history }
}

/// What `cargo xtask sim` wants, in variables since a test has no arguments.
#[derive(Debug)]
struct Options {
    seeds: u64,
    seed: Option<u64>,
    without: Option<Rule>,
    report: Option<String>,
}

impl Options {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration and no arguments")]
    fn read() -> Self {
        let variable = |name: &str| std::env::var(format!("PENSTOCK_SIM_{name}")).ok();
        let number = |name: &str| variable(name).map(|text| text.parse().expect("a number"));
        let rule = |text: String| {
            let found = RULES.into_iter().find(|rule| format!("{rule:?}") == text);
            found.expect("one of R2 to R12, R14 and R15")
        };
        Self {
            seeds: number("SEEDS").unwrap_or(SEEDS),
            seed: number("SEED"),
            without: variable("WITHOUT").map(rule),
            report: variable("REPORT"),
        }
    }
}

#[expect(clippy::print_stdout, reason = "what a campaign finds is for people to read")]
fn say(text: &str) {
    println!("{text}");
}

/// A seed and how its world ended.
type Bad = (u64, Failure);

/// Runs `seeds` worlds, until enough of them have ended badly.
fn campaign(seeds: u64, without: Option<Rule>) -> (Counts, Vec<Bad>) {
    let next = AtomicU64::new(0);
    let (sender, receiver) = mpsc::sync_channel(THREADS);
    let (mut counts, mut bad) = (Counts::default(), Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let from = next.fetch_add(CHUNK, Ordering::Relaxed);
                    let chunk = from..seeds.min(from + CHUNK);
                    if chunk.is_empty() || sender.send(run_chunk(chunk, without)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (started, mut said, mut done) = (Instant::now(), Instant::now(), 0);
        for (ran, chunk_counts, chunk_bad) in receiver {
            done += ran;
            counts.merge(&chunk_counts);
            bad.extend(chunk_bad);
            if said.elapsed() > Duration::from_secs(5) {
                said = Instant::now();
                let seconds = started.elapsed().as_secs();
                say(&format!("{done} of {seeds} seeds after {seconds} s, {} bad", bad.len()));
            }
            if bad.len() >= 10 {
                next.store(seeds, Ordering::Relaxed);
            }
        }
    });
    bad.sort_by_key(|(seed, _)| *seed);
    (counts, bad)
}

fn run_chunk(seeds: std::ops::Range<u64>, without: Option<Rule>) -> (u64, Counts, Vec<Bad>) {
    let (mut counts, mut bad, ran) = (Counts::default(), Vec::new(), seeds.end - seeds.start);
    for seed in seeds {
        let ended = run(seed, without, false);
        counts.merge(&ended.counts);
        bad.extend(ended.failure.map(|failure| (seed, failure)));
    }
    (ran, counts, bad)
}

/// Runs one seed once more, to tell what happened.
fn tell(seed: u64, without: Option<Rule>) -> Option<Failure> {
    let Ended { failure, history, .. } = run(seed, without, true);
    say(&history);
    let switch = without.map_or_else(String::new, |rule| format!(" --without {rule:?}"));
    match &failure {
        Some(Failure { wrong, what }) => {
            let wrong = wrong.as_str();
            say(&format!(
                "seed {seed}: {wrong}: {what}\nagain: cargo xtask sim --seed {seed}{switch}"
            ));
        }
        None => say(&format!("seed {seed}: no promise was broken")),
    }
    failure
}

/// The first seed that notices the lack of a rule, and, if `all` are wanted, how many do.
fn missed(rule: Rule, all: bool) -> Option<Found> {
    let mut found: Option<Found> = None;
    for seed in 0..SEEDS_PER_RULE {
        let Some(failure) = run(seed, Some(rule), false).failure else { continue };
        let found = found.get_or_insert_with(|| Found::new(rule, seed, &failure));
        found.add(&failure);
        if !all {
            break;
        }
    }
    found
}

/// Every rule with what notices its lack.
fn matrix(all: bool) -> Vec<(Rule, Option<Found>)> {
    let next = AtomicU64::new(0);
    let (sender, receiver) = mpsc::sync_channel(RULES.len());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Ok(index) = usize::try_from(next.fetch_add(1, Ordering::Relaxed))
                    && let Some(rule) = RULES.get(index)
                    && sender.send((index, *rule, missed(*rule, all))).is_ok()
                {}
            });
        }
        drop(sender);
    });
    let mut found: Vec<_> = receiver.into_iter().collect();
    found.sort_by_key(|(index, ..)| *index);
    found.into_iter().map(|(_, rule, found)| (rule, found)).collect()
}

#[test]
fn no_promise_is_broken() {
    let options = Options::read();
    if let Some(seed) = options.seed {
        let failure = tell(seed, options.without);
        assert!(failure.is_none(), "seed {seed} has broken a promise");
        return;
    }
    let started = Instant::now();
    let (counts, bad) = campaign(options.seeds, options.without);
    say(&report::happened(&counts));
    for (seed, Failure { wrong, what }) in &bad {
        say(&format!("seed {seed}: {}: {what}", wrong.as_str()));
    }
    if let Some((seed, _)) = bad.first() {
        tell(*seed, options.without);
    }
    assert!(bad.is_empty(), "{} seeds have broken a promise", bad.len());
    // A world in which nothing goes wrong proves nothing.
    let missing = counts.missing();
    assert!(options.seeds < SEEDS || missing.is_empty(), "never happened: {missing:?}");
    if let Some(path) = options.report {
        let rules = matrix(true);
        let seconds = started.elapsed().as_secs();
        let text = report::numbers(options.seeds, SEEDS_PER_RULE, seconds, &counts, &rules);
        std::fs::write(path, text).expect("the report is written");
    }
}

#[test]
fn every_rule_is_missed_when_it_is_switched_off() {
    let found = matrix(false);
    for (rule, found) in &found {
        let text = found.as_ref().map_or_else(|| "not noticed".to_owned(), Found::first);
        say(&format!("without {rule:?}: {text}"));
    }
    let unnoticed: Vec<Rule> =
        found.iter().filter(|(_, found)| found.is_none()).map(|(rule, _)| *rule).collect();
    assert!(unnoticed.is_empty(), "not noticed in {SEEDS_PER_RULE} seeds: {unnoticed:?}");
}

#[test]
fn a_seed_is_one_history() {
    for seed in [3, 4] {
        assert_eq!(run(seed, None, true).history, run(seed, None, true).history);
    }
}
