//! The packages of the workspace in, what is wrong with their names and directions out.

use std::path::PathBuf;

use serde::Deserialize;

/// Crates that run on their own. `penstock` composes them and is bound by no direction.
const SERVICES: [&str; 3] = ["admin-api", "producer", "sink"];
const COMPOSER: &str = "penstock";
/// Helps tests and chores only.
const TESTKIT: &str = "testkit";
const XTASK: &str = "xtask";

/// The part of `cargo metadata` that the rules look at.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// Registries it may go to; an empty list says none.
    pub(super) publish: Option<Vec<String>>,
    pub(super) manifest_path: PathBuf,
    pub(super) dependencies: Vec<Dependency>,
}

/// What a package depends on.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// `dev`, `build`, or nothing for the ordinary kind.
    pub(super) kind: Option<String>,
}

/// All complaints about names, versions and directions.
pub(super) fn complaints(metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    let members: Vec<&str> =
        metadata.packages.iter().map(|package| package.name.as_str()).collect();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let folder = package.manifest_path.parent().and_then(|folder| folder.file_name());
        if folder.is_none_or(|folder| folder != name) {
            found.push(format!("{name}: its folder is named otherwise"));
        }
        if package.version != "0.0.0" {
            found.push(format!("{name}: version {}, not 0.0.0", package.version));
        }
        if package.publish.as_deref() != Some(&[]) {
            found.push(format!("{name}: lacks `publish.workspace = true`"));
        }
        let ours = package.dependencies.iter().filter(|dep| members.contains(&dep.name.as_str()));
        found.extend(ours.filter_map(|dependency| wrong_way(name, dependency)));
    }
    found
}

fn wrong_way(name: &str, dependency: &Dependency) -> Option<String> {
    let to = dependency.name.as_str();
    if to == TESTKIT {
        let tests_only = dependency.kind.as_deref() == Some("dev") || name == XTASK;
        return (!tests_only).then(|| format!("{name}: depends on {TESTKIT} outside its tests"));
    }
    if name == XTASK {
        return None;
    }
    if to == XTASK || to == COMPOSER {
        return Some(format!("{name}: nothing depends on {to}"));
    }
    (SERVICES.contains(&to) && name != COMPOSER)
        .then(|| format!("{name}: depends on the service {to}; only {COMPOSER} may"))
}

/// All complaints about what only the manifest's text shows.
pub(super) fn manifest_complaints(name: &str, manifest: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = manifest.lines().map(str::trim).filter(|line| !line.is_empty());
    let linted = lines.any(|line| line == "[lints]") && lines.next() == Some("workspace = true");
    if !linted {
        found.push(format!("{name}: lacks `[lints] workspace = true`"));
    }
    found
}
