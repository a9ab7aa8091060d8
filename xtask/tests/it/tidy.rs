//! Promise: files and crates keep the rules that neither the compiler nor clippy checks.
//!
//! The rules are functions from text to complaints, so that `rules_bite` can show each of them
//! something it must refuse.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

mod crates;
mod files;
mod rules_bite;

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn files_keep_the_rules() -> Result<()> {
    let mut complaints = Vec::new();
    let mut seen = 0;
    for folder in ["crates", "xtask"] {
        visit(&root().join(folder), &mut |path, text| {
            let name = path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned();
            seen += 1;
            complaints.extend(files::complaints(&name, text));
        })?;
    }
    ensure!(seen > 50, "only {seen} files found: is the walk broken?");
    ensure!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    Ok(())
}

#[test]
fn crates_keep_the_rules() -> Result<()> {
    let cargo = std::env::var_os("CARGO").context("run by cargo")?;
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: crates::Metadata = serde_json::from_slice(&output.stdout)?;
    ensure!(metadata.packages.len() > 10, "only {} packages found", metadata.packages.len());

    let mut complaints = crates::complaints(&metadata);
    for package in &metadata.packages {
        let manifest = fs::read_to_string(&package.manifest_path)?;
        complaints.extend(crates::manifest_complaints(&package.name, &manifest));
    }
    ensure!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    Ok(())
}

/// Calls `with` for each Rust file below `folder`, build output aside.
fn visit(folder: &Path, with: &mut impl FnMut(&Path, &str)) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            visit(&path, with)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            with(&path, &fs::read_to_string(&path)?);
        }
    }
    Ok(())
}
