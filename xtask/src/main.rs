//! The repository's chores: `cargo xtask check`, `bench`, `edits`, `sim`, `torture` and `fuzz-api`.
//! Nothing has to be installed first.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

mod bench;
mod build;
mod check;
mod edits;
mod fuzz_api;
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
}

fn main() -> ExitCode {
    let Args { chore } = Args::parse();
    let passed = match chore {
        Chore::Check => return check::run(),
        Chore::Bench { options } => bench::run(&options),
        Chore::Edits(options) => edits::run(&options),
        Chore::Sim(options) => sim::run(&options),
        Chore::Torture { options } => torture::run(&options),
        Chore::FuzzApi(options) => fuzz_api::run(&options),
    };
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // A closed terminal is no failure of its own.
            writeln!(io::stderr(), "xtask: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}
