//! Generated sales events in; speed, CPU and freshness of producer and sink out, next to the
//! floors that no sink can be below, all measured in one run.
//!
//! `cargo xtask bench` runs it; docs/benchmarks.md says what each number means.

use std::{
    future::pending,
    io::{self, Write as _},
    path::PathBuf,
};

use anyhow::{Context as _, bail, ensure};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

mod backlog;
mod discard;
mod freshness;
mod insert_blocks;
mod machine;
mod measured;
mod process;
mod produce;
mod read;
mod report;
mod scene;
mod usage;

use measured::Round;
use report::Report;
use scene::Scene;

/// Measures producer and sink against their floors, on servers of its own.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Args {
    /// Events of each round.
    #[arg(long, default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    events: u64,
    /// Rounds; medians of them are shown.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Partitions of each topic.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,
    /// Events per second while freshness is measured.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Seconds for which freshness is measured; 0 leaves it out.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Print one JSON object instead of a table.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print Markdown instead of a table for the terminal.
    #[arg(long)]
    markdown: bool,
    /// Also replace the numbers in this Markdown file, between its two `bench` comments.
    #[arg(long, value_name = "FILE")]
    update: Option<PathBuf>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What this program starts itself as.
#[derive(Debug, Subcommand)]
enum Part {
    /// Consumes a topic as the sink would and throws it away.
    #[command(hide = true)]
    Discard(discard::Discard),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if let Some(Part::Discard(wanted)) = args.part {
        return say(&discard::work(&wanted)?);
    }
    ensure!(!cfg!(debug_assertions), "measure a release build: cargo xtask bench");
    // Dropped, the measurement takes its processes and servers with it.
    let report = tokio::select! {
        report = measure(&args) => report?,
        () = interrupted() => bail!("interrupted"),
    };
    if let Some(path) = &args.update {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let text = report::replaced(&text, &report.markdown())
            .with_context(|| format!("{} lacks the two bench comments", path.display()))?;
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    say(&match (args.json, args.markdown) {
        (true, _) => report.json()?,
        (_, true) => report.markdown(),
        _ => report.text(),
    })
}

async fn measure(args: &Args) -> anyhow::Result<Report> {
    progress("starting Kafka, the registry and ClickHouse");
    let scene = Scene::start(args.events, args.partitions).await?;
    let machine = machine::Machine::read(&scene).await?;
    let mut rounds: Vec<Round> = Vec::new();
    let mut blocks = None;
    for number in 1..=args.rounds {
        let of = format!("round {number} of {}", args.rounds);
        let topic = format!("sales_{number}");
        progress(&format!("{of}: producing {} events", args.events));
        let producer = produce::as_fast_as_possible(&scene, &topic).await?;
        progress(&format!("{of}: consuming and discarding them"));
        let discard = discard::run(&scene, &topic).await?;
        if blocks.is_none() {
            progress(&format!("{of}: decoding them once, not measured"));
            blocks = Some(insert_blocks::prepare(&scene, &topic).await?);
        }
        let blocks = blocks.as_ref().context("no blocks")?;
        progress(&format!("{of}: inserting them as {} ready blocks", blocks.len()));
        let insert = insert_blocks::run(&scene, blocks, &topic, number).await?;
        // In turns, so that neither always has the warmer servers.
        let (mut sink, mut without_intents) = (None, None);
        for turn in 0..2 {
            if (number + turn) % 2 == 0 {
                progress(&format!("{of}: the sink catches up with them"));
                sink = Some(backlog::run(&scene, "sink", &topic).await?);
            } else {
                progress(&format!("{of}: a sink without intents catches up with them"));
                let program = "sink-without-intents";
                without_intents = Some(backlog::run(&scene, program, &topic).await?);
            }
        }
        let sink = sink.context("no sink was measured")?;
        let without_intents = without_intents.context("no sink without intents was measured")?;
        rounds.push(Round { producer, discard, insert, sink, without_intents });
    }
    drop(blocks);
    let freshness = match args.seconds {
        0 => None,
        seconds => {
            progress(&format!("{} events/s for {seconds} s", args.rate));
            Some(freshness::run(&scene, args.rate, seconds).await?)
        }
    };
    scene.stop().await?;
    Ok(Report { machine, events: args.events, partitions: args.partitions, rounds, freshness })
}

/// Completes when a person or a machine wants an end.
async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Tells where we are, on stderr. A closed terminal is no failure of the measurement.
fn progress(line: &str) {
    writeln!(io::stderr(), "bench: {line}").ok();
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{}", text.trim_end()).context("write to stdout")
}
