//! The running test in, binaries of the same sources that run servers out.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use local_stack::{SOURCES, SOURCES_COMMAND};
use tokio::{process::Command, sync::OnceCell};

use crate::choose::Kind;

/// The binary that runs servers this way.
pub(crate) async fn of(kind: Kind) -> anyhow::Result<PathBuf> {
    match kind {
        Kind::Local => local_stack().await,
        Kind::Containers => container_stack().await,
    }
}

/// Built always, which is quick where nothing has changed: it is linked with more than this
/// crate is, so this crate cannot tell whether it is current.
async fn container_stack() -> anyhow::Result<PathBuf> {
    static BINARY: OnceCell<PathBuf> = OnceCell::const_new();
    let built = BINARY.get_or_try_init(async || {
        let folder = build_folder()?;
        build(&folder, "container-stack", None).await?;
        anyhow::Ok(folder.join("container-stack"))
    });
    built.await.cloned()
}

/// The binary that has the hidden subcommands, built if it is missing or of other sources.
///
/// A test binary has no `main` of ours, so it cannot be its own supervisor.
async fn local_stack() -> anyhow::Result<PathBuf> {
    static BINARY: OnceCell<PathBuf> = OnceCell::const_new();
    BINARY.get_or_try_init(find_or_build).await.cloned()
}

async fn find_or_build() -> anyhow::Result<PathBuf> {
    let folder = build_folder()?;
    let binary = folder.join("local-stack");
    if is_current(&binary).await {
        return Ok(binary);
    }
    // The crate under test as well, so that dependencies are built with the same features as
    // for the test, and not a second time.
    build(&folder, "local-stack", std::env::var_os("CARGO_PKG_NAME")).await?;
    ensure!(is_current(&binary).await, "{} is not of these sources", binary.display());
    Ok(binary)
}

fn build_folder() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe().context("find the test binary")?;
    // `<target dir>/<profile>/deps/<test>`
    let folder = test.parent().and_then(Path::parent).context("find the build folder")?;
    Ok(folder.to_owned())
}

async fn is_current(binary: &Path) -> bool {
    let asked = Command::new(binary).arg(SOURCES_COMMAND).output().await;
    asked.is_ok_and(|answer| answer.stdout.trim_ascii() == SOURCES.as_bytes())
}

async fn build(folder: &Path, package: &str, also: Option<OsString>) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let target = folder.parent().context("find the target folder")?;
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(profile) => profile,
        None => bail!("the build folder has no name"),
    };
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", package]);
    if let Some(also) = also {
        command.arg("--package").arg(also);
    }
    let built = command
        .args(["--bin", package, "--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .await
        .context("run cargo build")?;
    let complaint = String::from_utf8_lossy(&built.stderr);
    ensure!(built.status.success(), "cargo build --package {package} failed:\n{complaint}");
    Ok(())
}
