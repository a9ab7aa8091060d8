//! A seed in, whether a pipeline that is edited all the time kept its rows out.

use anyhow::Context as _;
use clap::Args;

use crate::build;

#[derive(Args)]
pub(crate) struct Options {
    /// Chooses the edits and the moments of the kills; what meets what is up to the machine.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the long form of a test of the sink, built as its short form is.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let mut cargo = build::cargo();
    cargo.args(["test", "--package", "sink", "--test", "it", "--quiet", "--"]);
    cargo.args(["edits::edits_and_kills_neither_lose_nor_double_a_row", "--exact", "--nocapture"]);
    cargo.env("PENSTOCK_EDITS_SEED", options.seed.to_string());
    Ok(cargo.status().context("run cargo test")?.success())
}
