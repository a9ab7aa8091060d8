//! The name of a service in, its binary of the same sources out.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use tokio::process::Command;

/// The service's own binary, built if it is missing or older than its sources: Cargo builds those
/// of other packages only where all are tested.
pub(crate) async fn built(name: &str) -> anyhow::Result<PathBuf> {
    let binary = Path::new(env!("CARGO_BIN_EXE_penstock")).with_file_name(name);
    if is_current(&binary) {
        return Ok(binary);
    }
    let folder = binary.parent().context("find the build folder")?;
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    // This package as well, so that dependencies are built with the same features as for the test.
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "penstock", "--package", name, "--bins"])
        .args(["--profile", profile, "--target-dir"])
        .arg(folder.parent().context("find the target folder")?)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .await
        .context("run cargo build")?;
    let complaint = String::from_utf8_lossy(&built.stderr);
    ensure!(built.status.success(), "cargo build --package {name} failed:\n{complaint}");
    Ok(binary)
}

/// Whether no source that Cargo has noted beside the binary is newer.
fn is_current(binary: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    let Some(built) = changed(binary) else { return false };
    let noted = fs::read_to_string(binary.with_extension("d")).unwrap_or_default();
    let mut sources = noted.split_whitespace().skip(1).peekable();
    sources.peek().is_some()
        && sources.all(|source| changed(Path::new(source)).is_some_and(|at| at <= built))
}
