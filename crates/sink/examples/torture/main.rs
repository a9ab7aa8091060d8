//! Sales events in; two sinks, Kafka and ClickHouse killed, frozen and cut off at random; a
//! count of what is lost and what is doubled out.
//!
//! `cargo xtask torture` runs it; docs/reliability.md says what counts as a disruption.

use std::{
    future::pending,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

mod disrupt;
mod kind;
mod outcome;
mod phase;
mod plan;
mod produce;
mod report;
mod scene;
mod signs;
mod sinks;
mod slow_commits;
mod stored;
mod token_hits;
mod watch;

use kind::Kind;
use plan::Form;
use report::Phase;
use scene::Scene;

/// Seconds that even the shortest run gets on a busy machine.
const TIME_MIN_S: u64 = 300;

/// Disrupts a running pipeline and counts what is lost or doubled, on servers of its own.
///
/// Two phases: the sink as it is shipped, which must lose and double nothing; then a sink that
/// records no intents, on a table without a deduplication window, which must double something:
/// the proof that this program sees it.
#[derive(Debug, Parser)]
#[command(name = "torture")]
struct Args {
    /// The short form: a few disruptions of each kind.
    #[arg(long)]
    short: bool,
    /// Only the second phase.
    #[arg(long)]
    without_intents: bool,
    /// Events of the first phase, at least.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    events: Option<u64>,
    /// Minutes over which they are spread.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=600))]
    minutes: Option<u64>,
    /// Disruptions of each kind that must have bitten in the first phase.
    #[arg(long)]
    each: Option<u64>,
    /// Seed of events and disruptions; moments still differ from run to run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also replace the numbers in this Markdown file, between its two `torture` comments.
    #[arg(long, value_name = "FILE")]
    update: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    // Dropped, the run takes its processes and servers with it.
    let ended = tokio::select! {
        ended = run(&args) => ended,
        () = interrupted() => Err(anyhow::anyhow!("interrupted")),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            progress(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all phases came out as they must.
async fn run(args: &Args) -> anyhow::Result<bool> {
    progress("starting Kafka, the registry and ClickHouse");
    let scene = Scene::start().await?;
    let mut phases: Vec<Phase> = Vec::new();
    for form in args.forms() {
        progress(&format!("phase {}: {} events/s", form.name, form.rate));
        let phase = phase::run(&scene, form, args.seed).await?;
        progress(&phase.lines());
        phases.push(phase);
    }
    scene.stop().await?;
    let markdown = report::markdown(&phases, &args.command());
    if let Some(path) = &args.update {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let Some(text) = testkit::between_comments(&text, "torture", &markdown) else {
            bail!("{} lacks the two torture comments", path.display());
        };
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    writeln!(io::stdout(), "{}", markdown.trim()).context("write to stdout")?;
    Ok(phases.iter().all(Phase::holds))
}

impl Args {
    fn forms(&self) -> Vec<Form> {
        let (events, minutes, each) =
            if self.short { (80_000, 1, 2) } else { (10_000_000, 30, 40) };
        let events = self.events.unwrap_or(events);
        let minutes = self.minutes.unwrap_or(minutes);
        let rate = u32::try_from(events / (minutes * 60)).unwrap_or(u32::MAX).max(1);
        let shipped = Form {
            name: "torture",
            intents: true,
            events,
            rate,
            each: self.each.unwrap_or(each),
            kinds: &Kind::ALL,
            pause_ms: if self.short { (500, 3_000) } else { (500, 5_000) },
            // Disruptions that have not bitten are repeated: that may take as long again.
            time_max: Duration::from_secs((minutes * 60 * 2).max(TIME_MIN_S)),
        };
        let without = Form {
            name: "without-intents",
            intents: false,
            events: 1,
            rate: rate.min(2_000),
            each: if self.short { 6 } else { 10 },
            kinds: &[Kind::KillSink, Kind::KillClickHouse, Kind::CutClickHouse],
            pause_ms: (500, 3_000),
            time_max: Duration::from_secs(TIME_MIN_S),
        };
        if self.without_intents { vec![without] } else { vec![shipped, without] }
    }

    /// The command that does the same again.
    fn command(&self) -> String {
        let mut text = "cargo xtask torture".to_owned();
        let flags = [("--short", self.short), ("--without-intents", self.without_intents)];
        for (flag, _) in flags.iter().filter(|(_, set)| *set) {
            text.push_str(&format!(" {flag}"));
        }
        let seed = Some(self.seed);
        let options = [
            ("--events", self.events),
            ("--minutes", self.minutes),
            ("--each", self.each),
            ("--seed", seed),
        ];
        for (name, value) in options {
            text.push_str(&value.map_or(String::new(), |value| format!(" {name} {value}")));
        }
        text
    }
}

/// Completes when a person or a machine wants an end.
async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Tells where we are, on stderr. A closed terminal is no failure of the run.
fn progress(line: &str) {
    writeln!(io::stderr(), "torture: {}", line.trim_end()).ok();
}
