//! The repository's chores: `cargo xtask check` and `bench`. Nothing has to be installed first.

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand};

mod bench;
mod check;

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
}

fn main() -> ExitCode {
    let Args { chore } = Args::parse();
    match chore {
        Chore::Check => check::run(),
        Chore::Bench { options } => bench::run(&options),
    }
}
