//! A profile and an example in, the folder with that example and all it runs out.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// How well the compiler tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As tests are built.
    Dev,
    /// As programs are shipped.
    Release,
}

/// The part of `cargo metadata` that says where binaries are.
#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

/// Builds an example of the sink and the binaries that it runs. Returns the example.
pub(crate) fn example(name: &str, profile: Profile) -> anyhow::Result<PathBuf> {
    build(profile, &["--bins", "--example", name])?;
    Ok(folder(profile)?.join("examples").join(name))
}

/// Builds a sink that records no intents, beside the one that does: `sink-without-intents`.
pub(crate) fn sink_without_intents(profile: Profile) -> anyhow::Result<()> {
    build(profile, &["--bins", "--features", "sink/no-intents"])?;
    let folder = folder(profile)?;
    let (from, to) = (folder.join("sink"), folder.join("sink-without-intents"));
    // A new file: the old one may be another name of what cargo keeps.
    let draft = folder.join("sink-without-intents.draft");
    fs::copy(&from, &draft).with_context(|| format!("copy {}", from.display()))?;
    fs::rename(&draft, &to).with_context(|| format!("write {}", to.display()))
}

/// Builds `penstock`. As tests are built, a check has built it already.
pub(crate) fn penstock(profile: Profile) -> anyhow::Result<PathBuf> {
    let mut cargo = cargo();
    cargo.args(["build", "--package", "penstock"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    ensure!(cargo.status().context("run cargo build")?.success(), "cargo build failed");
    Ok(folder(profile)?.join("penstock"))
}

/// Runs what was built, in the user's folder: that is where files named by options are.
pub(crate) fn run(program: &Path, options: &[OsString]) -> anyhow::Result<bool> {
    let status = Command::new(program).args(options).status();
    Ok(status.with_context(|| format!("run {}", program.display()))?.success())
}

/// One build of all: with the same features, dependencies are compiled once.
fn build(profile: Profile, more: &[&str]) -> anyhow::Result<()> {
    let mut cargo = cargo();
    cargo.args(["build", "--package", "sink", "--package", "producer"]);
    cargo.args(["--package", "local-stack"]).args(more);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    ensure!(cargo.status().context("run cargo build")?.success(), "cargo build failed");
    Ok(())
}

/// Where cargo puts what it builds.
pub(crate) fn folder(profile: Profile) -> anyhow::Result<PathBuf> {
    let told = cargo()
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .stderr(Stdio::inherit())
        .output()
        .context("run cargo metadata")?;
    ensure!(told.status.success(), "cargo metadata failed");
    let Metadata { target_directory } =
        serde_json::from_slice(&told.stdout).context("read cargo metadata")?;
    Ok(target_directory.join(match profile {
        Profile::Dev => "debug",
        Profile::Release => "release",
    }))
}

pub(crate) fn cargo() -> Command {
    // The cargo that runs us, so that a chosen toolchain stays chosen.
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    cargo
}
