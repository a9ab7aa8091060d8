//! Seeds and a rule to do without in, whether the delivery protocol kept its promises out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::build;

/// Where the numbers stand in the page that shows them.
const BEGIN: &str = "<!-- sim: begin -->";
const END: &str = "<!-- sim: end -->";

#[derive(Args)]
pub(crate) struct Options {
    /// Worlds to run with all rules.
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// Runs only this world, and tells its history.
    #[arg(long)]
    seed: Option<u64>,
    /// Switches a rule off, such as R9: promises must break then.
    #[arg(long, value_parser = ["R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R14", "R15"])]
    without: Option<String>,
    /// Puts the numbers into this page (docs/simulation.md), with those of every rule switched off.
    #[arg(long, conflicts_with_all = ["seed", "without"])]
    update: Option<PathBuf>,
}

/// Runs the simulation, which is a test of `deliver`, optimized.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let mut cargo = build::cargo();
    cargo.args(["test", "--release", "--package", "deliver", "--lib", "--quiet", "--"]);
    cargo.args(["sim::campaign::no_promise_is_broken", "--exact", "--nocapture"]);
    cargo.env("PENSTOCK_SIM_SEEDS", options.seeds.to_string());
    if let Some(seed) = options.seed {
        cargo.env("PENSTOCK_SIM_SEED", seed.to_string());
    }
    if let Some(rule) = &options.without {
        cargo.env("PENSTOCK_SIM_WITHOUT", rule);
    }
    let Some(page) = &options.update else {
        return Ok(cargo.status().context("run cargo test")?.success());
    };
    let numbers = page.with_extension("draft");
    // The test runs in another folder.
    let path = std::path::absolute(&numbers).context("name the draft")?;
    let passed = cargo.env("PENSTOCK_SIM_REPORT", path).status().context("run cargo test")?;
    if passed.success() {
        update(page, &numbers)?;
    }
    Ok(passed.success())
}

fn update(page: &Path, numbers: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("read {}", page.display()))?;
    let found = fs::read_to_string(numbers).context("read the numbers")?;
    let (before, rest) = text.split_once(BEGIN).context("find where the numbers begin")?;
    let (_old, after) = rest.split_once(END).context("find where the numbers end")?;
    ensure!(!found.contains(END), "the numbers would end the numbers");
    let page_text = format!("{before}{BEGIN}\n{found}{END}{after}");
    fs::write(page, page_text).with_context(|| format!("write {}", page.display()))?;
    fs::remove_file(numbers).context("remove the draft")
}
