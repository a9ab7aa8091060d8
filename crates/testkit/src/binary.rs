//! The running test in, a `local-stack` binary of the same sources out.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use local_stack::{SOURCES, SOURCES_COMMAND};
use tokio::{process::Command, sync::OnceCell};

/// The binary that has the hidden subcommands, built if it is missing or of other sources.
///
/// A test binary has no `main` of ours, so it cannot be its own supervisor.
pub(crate) async fn local_stack() -> anyhow::Result<PathBuf> {
    static BINARY: OnceCell<PathBuf> = OnceCell::const_new();
    BINARY.get_or_try_init(find_or_build).await.cloned()
}

async fn find_or_build() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe().context("find the test binary")?;
    // `<target dir>/<profile>/deps/<test>`
    let folder = test.parent().and_then(Path::parent).context("find the build folder")?;
    let binary = folder.join("local-stack");
    if is_current(&binary).await {
        return Ok(binary);
    }
    build(folder).await?;
    ensure!(is_current(&binary).await, "{} is not of these sources", binary.display());
    Ok(binary)
}

async fn is_current(binary: &Path) -> bool {
    let asked = Command::new(binary).arg(SOURCES_COMMAND).output().await;
    asked.is_ok_and(|answer| answer.stdout.trim_ascii() == SOURCES.as_bytes())
}

async fn build(folder: &Path) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let target = folder.parent().context("find the target folder")?;
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(profile) => profile,
        None => bail!("the build folder has no name"),
    };
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "local-stack"]);
    // The crate under test as well, so that dependencies are built with the same features as
    // for the test, and not a second time.
    if let Some(package) = std::env::var_os("CARGO_PKG_NAME") {
        command.arg("--package").arg(package);
    }
    let built = command
        .args(["--bin", "local-stack", "--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .await
        .context("run cargo build")?;
    let complaint = String::from_utf8_lossy(&built.stderr);
    ensure!(built.status.success(), "cargo build --package local-stack failed:\n{complaint}");
    Ok(())
}
