//! Options of the benchmark in, its own output and exit code out.

use std::{
    env,
    ffi::OsString,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// The part of `cargo metadata` that says where binaries are.
#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

/// Builds the benchmark and what it runs, all in release, and runs it.
pub(crate) fn run(options: &[OsString]) -> ExitCode {
    match measure(options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // A closed terminal is no failure of its own.
            writeln!(io::stderr(), "xtask: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &[OsString]) -> anyhow::Result<bool> {
    // One build: with the same features for all, dependencies are compiled once.
    let built = cargo()
        .args(["build", "--release", "--package", "sink", "--package", "producer"])
        .args(["--package", "local-stack", "--bins", "--example", "bench"])
        .status()
        .context("run cargo build")?;
    ensure!(built.success(), "cargo build failed");
    let told = cargo()
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .stderr(Stdio::inherit())
        .output()
        .context("run cargo metadata")?;
    ensure!(told.status.success(), "cargo metadata failed");
    let Metadata { target_directory } =
        serde_json::from_slice(&told.stdout).context("read cargo metadata")?;
    // In the user's folder: that is where files named by options are.
    let program = target_directory.join("release/examples/bench");
    let status = Command::new(&program).args(options).status();
    Ok(status.with_context(|| format!("run {}", program.display()))?.success())
}

fn cargo() -> Command {
    // The cargo that runs us, so that a chosen toolchain stays chosen.
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    cargo
}
