//! The repository's chores: `cargo xtask check`, `lint`, `images`, `e2e`, `bench`, `edits`, `sim`, `torture`,
//! `fuzz-api` and `load`. Nothing has to be installed first.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

mod bench;
mod build;
mod check;
mod e2e;
mod edits;
mod fuzz_api;
mod http;
mod images;
mod lint;
mod load;
mod penstock;
mod python;
mod sim;
mod torture;

#[derive(Parser)]
#[command(about = "The repository's chores")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// All that must pass before a commit: format, lints, docs, tests.
    Check,
    /// Looks at all that is not Rust: Dockerfiles, Compose, YAML, JSON, scripts, alerts, workflows.
    /// Needs Python 3.10 or newer.
    Lint,
    /// Builds the images of the services from release binaries and looks at all that is promised
    /// about them; see docs/images.md. Needs Docker.
    Images(images::Options),
    /// Starts the stack in containers from nothing, adds a pipeline, kills each container, takes all
    /// down and up again, and counts what is lost or doubled; see docs/testing.md. Needs Docker.
    E2e(e2e::Options),
    /// Measures producer and sink against their floors; see docs/benchmarks.md. Needs minutes and
    /// a machine with nothing else to do.
    #[command(disable_help_flag = true)] // `--help` is for the benchmark to answer
    Bench {
        /// Options of the benchmark, such as `--events 200000 --rounds 1`; `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<OsString>,
    },
    /// Edits, pauses, resumes and restarts a pipeline a hundred times while two million records
    /// flow, kills its sinks in between, and counts what is lost or doubled. Needs minutes.
    Edits(edits::Options),
    /// Plays the delivery protocol through thousands of small worlds in which everything goes
    /// wrong; see docs/simulation.md. Needs minutes.
    Sim(sim::Options),
    /// Kills, freezes and cuts off sinks and servers, and counts what is lost or doubled; see
    /// docs/reliability.md. Needs three quarters of an hour, or minutes with `--short`.
    #[command(disable_help_flag = true)] // `--help` is for the torture to answer
    Torture {
        /// Options of the torture, such as `--short --seed 7`; `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<OsString>,
    },
    /// Starts penstock and asks its admin API whatever its document allows, and what it does not,
    /// with the token of each role; see docs/admin-api.md. Needs Python 3.10 or newer and minutes.
    FuzzApi(fuzz_api::Options),
    /// Starts penstock and asks its admin API as often as a token may for a minute; fails when answers
    /// are wrong or late; see docs/load.md. Needs Go, or k6.
    Load(load::Options),
}

fn main() -> ExitCode {
    let Args { chore } = Args::parse();
    let passed = match chore {
        Chore::Check => return check::run(),
        Chore::Lint => lint::run(),
        Chore::Images(options) => images::run(&options),
        Chore::E2e(options) => e2e::run(&options),
        Chore::Bench { options } => bench::run(&options),
        Chore::Edits(options) => edits::run(&options),
        Chore::Sim(options) => sim::run(&options),
        Chore::Torture { options } => torture::run(&options),
        Chore::FuzzApi(options) => fuzz_api::run(&options),
        Chore::Load(options) => load::run(&options),
    };
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes to stderr, in order with what other programs write there.
fn say(text: &str) {
    // A closed terminal is no failure of its own.
    writeln!(io::stderr(), "xtask: {text}").ok();
}

/// Runs a program to its end.
fn succeeds(command: &mut Command) -> anyhow::Result<bool> {
    let program = Path::new(command.get_program()).display().to_string();
    Ok(command.status().with_context(|| format!("run {program}"))?.success())
}
