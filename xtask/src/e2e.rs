//! A Docker engine in, whether the stack in containers keeps its promises out.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

use self::{report::Report, stack::Stack};
use crate::say;

mod count;
mod manual;
mod profiles;
mod report;
mod rights;
mod stack;

/// All that the stack may take from nothing to healthy, images present.
const HEALTHY_WITHIN: Duration = Duration::from_secs(180);
/// What a service may take after it was killed.
const BACK_WITHIN: Duration = Duration::from_secs(120);
/// Until records that are in Kafka are rows.
const LANDED_WITHIN: Duration = Duration::from_secs(120);
/// Each of these is killed in turn, those others depend on first.
const KILLED: [&str; 6] = ["kafka", "registry", "clickhouse", "sink", "admin-api", "producer"];
/// A second pipeline on the same records, made by a call while they flow.
const COPY: &str = "name: copy
source: {topics: [sales]}
target: {database: shop, table: sales_copy, order_by: [store_id, ts]}
";
/// The tables that must hold every record of the topic once.
const TABLES: [&str; 2] = ["sales", "sales_copy"];

/// What a user may choose.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Without the walk through all rights and without profiles: what CI runs.
    #[arg(long)]
    short: bool,
    /// Run all commands of the operating manual, docs/operations.md, instead.
    #[arg(long, conflicts_with = "short")]
    manual: bool,
    /// Leave the stack running in the end, to look at.
    #[arg(long)]
    keep: bool,
    /// Write the report into this file.
    #[arg(long, value_name = "FILE")]
    update: Option<PathBuf>,
}

impl Options {
    const fn command(&self) -> &'static str {
        match (self.short, self.manual) {
            (_, true) => "cargo xtask e2e --manual",
            (true, false) => "cargo xtask e2e --short",
            (false, false) => "cargo xtask e2e",
        }
    }
}

/// Starts the stack from nothing, adds a pipeline, kills each container, takes all down and up
/// again, and counts.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let stack = Stack::new("penstock-e2e")?;
    stack.remove()?;
    let mut report = Report::new(options.command());
    let passed = if options.manual {
        manual::whole(&stack, &mut report)
    } else {
        promises(&stack, options, &mut report)
    };
    match &passed {
        Ok(()) if options.keep => say("the stack is left: docker compose -p penstock-e2e down -v"),
        Ok(()) => report.step("down -v leaves nothing", || nothing_left(&stack))?,
        Err(_) => {
            stack.show_state();
            if !options.keep {
                stack.remove()?;
            }
        }
    }
    passed?;
    let text = report.text();
    say(&text);
    if let Some(file) = &options.update {
        fs::write(file, text).with_context(|| format!("write {}", file.display()))?;
    }
    Ok(true)
}

fn promises(stack: &Stack, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    report.step("up, all healthy", || stack.up(HEALTHY_WITHIN))?;
    report.step("rows arrive with no further command", || {
        count::grows(stack, "sales", LANDED_WITHIN)
    })?;
    report.step("a pipeline by a call of the admin API", || {
        stack.api("/v1/pipelines/copy", &["--request", "PUT"], Some(COPY))?;
        count::grows(stack, "sales_copy", LANDED_WITHIN)
    })?;
    manual::short(stack, report)?;
    if !options.short {
        beside(stack, report)?;
    }
    for service in KILLED {
        report.step(&format!("kill -9 {service}"), || {
            stack.kill(service)?;
            stack.up(BACK_WITHIN)?;
            count::grows(stack, "sales", LANDED_WITHIN)
        })?;
    }
    if !options.short {
        further_kills(stack, report)?;
    }
    report.step("down and up", || {
        stack.compose(&["--profile", "*", "down"])?;
        stack.up(HEALTHY_WITHIN)?;
        count::grows(stack, "sales", LANDED_WITHIN)
    })?;
    stack.api("/v1/producer/pause", &["--request", "POST"], None)?;
    let counted = report.step("nothing lost, nothing doubled", || {
        count::exactly_once(stack, &TABLES, LANDED_WITHIN)
    })?;
    report.counted(&counted);
    Ok(())
}

/// What takes too long for every commit: rights, and the services of profiles.
fn beside(stack: &Stack, report: &mut Report) -> anyhow::Result<()> {
    let cells = report.step("who may what, as docs/security.md says", || rights::walk(stack))?;
    report.counted(&[format!("{cells} rights as in docs/security.md")]);
    report.step("Prometheus reaches all, no alert fires", || {
        profiles::prometheus(stack)?;
        profiles::quiet(stack)
    })?;
    report.step("Kafka Connect's worker writes a file's line once", || profiles::connect(stack))
}

fn further_kills(stack: &Stack, report: &mut Report) -> anyhow::Result<()> {
    report.step("kill -9 prometheus", || {
        stack.kill("prometheus")?;
        profiles::prometheus(stack)
    })?;
    report.step("kill -9 connect", || {
        stack.kill("connect")?;
        profiles::connect(stack)
    })
}

fn nothing_left(stack: &Stack) -> anyhow::Result<()> {
    stack.compose(&["--profile", "*", "down", "--volumes"])?;
    let left = stack.left()?;
    ensure!(left.is_empty(), "docker compose down -v left {}", left.join(", "));
    Ok(())
}

/// Runs `look` until it answers, for at most `within`; its last complaint is the error.
fn until<Found>(
    within: Duration,
    mut look: impl FnMut() -> anyhow::Result<Found>,
) -> anyhow::Result<Found> {
    let since = Instant::now();
    loop {
        match look() {
            Ok(found) => return Ok(found),
            Err(error) if since.elapsed() > within => {
                return Err(error.context(format!("not after {} s", within.as_secs())));
            }
            // No pause: each look starts a container, which takes about a second.
            Err(_) => {}
        }
    }
}
