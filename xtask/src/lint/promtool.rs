//! Prometheus' own files in, what its checker says of them out.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};

use super::{
    files::{Files, is_compose, is_yaml},
    told,
};
use crate::{say, succeeds};

/// What the image is called, before its tag.
const IMAGE: &str = "prom/prometheus:";

/// First part of the versions that know all settings of ours: `fallback_scrape_protocol` is of 3.0.
const MAJOR: u32 = 3;

/// The checker that comes with Prometheus.
pub(super) struct Promtool(PathBuf);

/// How a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Config,
    Rules,
    Tests,
}

/// Whether Prometheus reads a file, or its checker does.
pub(super) fn is_prometheus(name: &str) -> bool {
    kind(name).is_some()
}

/// By the folder that a file is in.
fn kind(name: &str) -> Option<Kind> {
    let rest = name.strip_prefix("observability/prometheus/").filter(|name| is_yaml(name))?;
    match rest.split_once('/') {
        None => Some(Kind::Config),
        Some(("alerts" | "rules", _)) => Some(Kind::Rules),
        Some(("tests", _)) => Some(Kind::Tests),
        Some(_) => None,
    }
}

impl Promtool {
    /// The one of the image that Compose names, if that is on this machine; else the one on the
    /// `PATH`; else that of Debian's package, which is unpacked and not installed, since that would
    /// start a server.
    pub(super) fn find(folder: &Path, files: &Files) -> anyhow::Result<Self> {
        if let Some(image) = image(files)? {
            let found = folder.join("promtool-of-image");
            if copied(&image, &found)? {
                say(&format!("promtool: that of {image}"));
                return Ok(Self(found));
            }
        }
        let paths = env::var_os("PATH").unwrap_or_default();
        if let Some(found) =
            env::split_paths(&paths).map(|path| path.join("promtool")).find(|path| path.is_file())
        {
            return Ok(Self(found));
        }
        let unpacked = folder.join("prometheus");
        let found = unpacked.join("usr/bin/promtool");
        if !found.is_file() {
            unpack(&unpacked).context(
                "promtool is missing: put it on the PATH, pull the image of Prometheus that \
                 Compose names, or make Debian's package `prometheus` available (apt-get update)",
            )?;
            ensure!(found.is_file(), "Debian's package `prometheus` holds no promtool");
        }
        Ok(Self(found))
    }

    /// Looks at each file in the way that its kind wants.
    pub(super) fn lint(&self, files: &Files, names: &[String]) -> anyhow::Result<bool> {
        // What secrets and rules are called inside the container is not on this machine.
        let ways: [(Kind, &[&str]); 3] = [
            (Kind::Config, &["check", "config", "--syntax-only"]),
            (Kind::Rules, &["check", "rules"]),
            (Kind::Tests, &["test", "rules"]),
        ];
        let old = self.major()?.filter(|major| *major < MAJOR);
        let mut passed = true;
        for (way, arguments) in ways {
            let names = names.iter().filter(|name| kind(name) == Some(way)).collect::<Vec<_>>();
            match old {
                _ if names.is_empty() => {}
                Some(major) if way == Kind::Config => {
                    say(&format!("promtool: NOT CHECKED: the configuration: {major}.x is too old"));
                    say(
                        "promtool: pull the image of Prometheus that Compose names, or put a newer",
                    );
                    say("promtool: promtool on the PATH");
                }
                _ => {
                    let mut tool = Command::new(&self.0);
                    passed &= succeeds(tool.args(arguments).args(names).current_dir(files.root()))?;
                }
            }
        }
        Ok(passed)
    }

    /// The first part of its version, unless whoever built it gave it none.
    fn major(&self) -> anyhow::Result<Option<u32>> {
        let told = told(Command::new(&self.0).arg("--version"))?;
        let told = String::from_utf8_lossy(&told);
        let version = told.split_once("version ").and_then(|(_, rest)| rest.split('.').next());
        Ok(version.and_then(|major| major.parse().ok()))
    }
}

/// The image of Prometheus that a file of Compose names.
fn image(files: &Files) -> anyhow::Result<Option<String>> {
    for name in files.that(is_compose)? {
        let text = files.text(&name)?;
        if let Some((_, rest)) = text.split_once(IMAGE) {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
            let tag = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
            return Ok(Some(format!("{IMAGE}{tag}")));
        }
    }
    Ok(None)
}

/// Copies the checker out of an image, unless there is no engine that has it.
fn copied(image: &str, to: &Path) -> anyhow::Result<bool> {
    let created = Command::new("docker").args(["create", "--pull", "never", image]).output();
    let Ok(created) = created else { return Ok(false) };
    if !created.status.success() {
        return Ok(false);
    }
    let container = String::from_utf8(created.stdout).context("read the name of a container")?;
    let container = container.trim();
    let copied =
        told(Command::new("docker").arg("cp").arg(format!("{container}:/bin/promtool")).arg(to));
    told(Command::new("docker").args(["rm", container]))?;
    copied.map(|_| true)
}

/// Unpacks Debian's package. Nobody has to be root for that.
fn unpack(folder: &Path) -> anyhow::Result<()> {
    say("promtool: fetching Debian's package `prometheus`");
    fs::create_dir_all(folder).context("make a folder")?;
    told(Command::new("apt-get").args(["download", "-qq", "prometheus"]).current_dir(folder))?;
    for entry in fs::read_dir(folder).context("look for the package")? {
        let path = entry.context("look for the package")?.path();
        if path.extension().is_some_and(|ending| ending == "deb") {
            told(Command::new("dpkg-deb").arg("-x").arg(&path).arg(folder))?;
            return fs::remove_file(&path).context("remove the package");
        }
    }
    bail!("apt-get downloaded nothing")
}

#[cfg(test)]
mod tests;
