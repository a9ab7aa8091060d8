//! How long to ask in, whether the admin API keeps the limits of `load/admin-api.js` out.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use crate::{
    build::{self, Profile},
    penstock::Running,
    say, succeeds,
};

/// The version of k6 that is installed, the same as in `compose/load.yaml`.
const K6: &str = "v1.8.1";

/// What a user may choose.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long, besides the 20 seconds that the rate limit takes.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Multiplies every limit of time.
    #[arg(long, default_value_t = 1.0)]
    allowance: f64,
    /// Runs this k6 instead of compiling one with Go.
    #[arg(long, value_name = "PROGRAM")]
    k6: Option<PathBuf>,
    /// Starts this penstock instead of compiling one as it is shipped.
    #[arg(long, value_name = "PROGRAM")]
    penstock: Option<PathBuf>,
}

/// Runs `penstock` with a data folder of its own, and has k6 ask its admin API.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let folder = build::folder(Profile::Dev)?.join("load");
    let k6 = match &options.k6 {
        Some(program) => program.clone(),
        None => install(&folder.join("tools"))?,
    };
    let program = match &options.penstock {
        Some(program) => program.clone(),
        None => build::penstock(Profile::Release)?,
    };
    say("starting penstock");
    let penstock = Running::start(&program, &folder.join("data"))?;
    let passed = ask(&penstock, &k6, options);
    penstock.stop()?;
    passed
}

fn ask(penstock: &Running, k6: &Path, options: &Options) -> anyhow::Result<bool> {
    penstock.make_letters()?;
    let mut k6 = Command::new(k6);
    k6.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .args(["run", "--quiet", "load/admin-api.js"])
        .env("BASE_URL", format!("http://{}", penstock.address))
        .env("TOKEN", penstock.admin())
        .env("LETTERS", "letters")
        .env("LOAD_SECONDS", options.seconds.to_string())
        .env("ALLOWANCE", options.allowance.to_string())
        .env("K6_NO_USAGE_REPORT", "true");
    succeeds(&mut k6)
}

/// Compiles the pinned version unless it is there.
fn install(folder: &Path) -> anyhow::Result<PathBuf> {
    let program = folder.join(format!("k6-{K6}"));
    if program.exists() {
        return Ok(program);
    }
    say(&format!("compiling k6 {K6}, which takes minutes"));
    let module = format!("go.k6.io/k6@{K6}");
    let mut go = Command::new("go");
    go.args(["install", &module]).env("GOBIN", folder).env("CGO_ENABLED", "0");
    let made = succeeds(&mut go);
    ensure!(made.context("Go is needed, or k6: --k6 PROGRAM")?, "go install failed");
    // Under this name only once it is whole.
    fs::rename(folder.join("k6"), &program).context("name k6 by its version")?;
    Ok(program)
}

#[cfg(test)]
mod tests;
