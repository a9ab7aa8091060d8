//! The files of Compose in, what they come to and what is wrong with it out.

use std::{fs, path::Path, process::Command};

use anyhow::Context as _;

use super::{
    files::{Files, is_compose},
    rules, told,
};
use crate::say;

/// The whole, to which overlays are added.
const WHOLE: &str = "compose.yaml";
/// What services are made of. Has none of its own.
const BASE: &str = "compose/common.yaml";
/// What Compose knows besides plain YAML.
const TAGS: [&str; 2] = [" !override", " !reset"];
/// Every variable with its default.
const VARIABLES: &str = ".env.example";

/// Has Compose put its files together, with all profiles, once as they are and once with each
/// overlay, and holds the services against our rules.
///
/// Without Compose only says so: that the files fit the schema was seen before.
pub(super) fn lint(files: &Files) -> anyhow::Result<bool> {
    let mut complaints = Vec::new();
    if files.has(VARIABLES) {
        let text = files.text(VARIABLES)?;
        complaints.extend(rules::variables(&text).map(|found| format!("{VARIABLES}: {found}")));
    }
    if !files.has(WHOLE) {
        say("compose: there is no compose.yaml: its parts were not put together");
    } else if Command::new("docker")
        .args(["compose", "version"])
        .output()
        .is_ok_and(|told| told.status.success())
    {
        for overlay in [None].into_iter().chain(overlays(files)?.iter().map(Some)) {
            let merged = merged(files, overlay.map(String::as_str))?;
            let name = overlay.map_or(WHOLE, String::as_str);
            complaints.extend(
                rules::complaints(&merged).into_iter().map(|found| format!("{name}: {found}")),
            );
        }
    } else {
        say("compose: NOT CHECKED against our rules for services, only against the schema:");
        say("compose: install Docker's command line with its plugin compose (no engine is needed)");
    }
    for complaint in &complaints {
        say(&format!("compose: {complaint}"));
    }
    Ok(complaints.is_empty())
}

/// The files as a reader of plain YAML can take them: in copies without Compose's own tags, which
/// say how files are put together and nothing about a value, where there are any.
pub(super) fn plain(files: &Files, names: &[String], folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut plain = Vec::new();
    for name in names {
        let text = files.text(name)?;
        let without = TAGS.iter().fold(text.clone(), |text, tag| text.replace(tag, ""));
        if without == text {
            plain.push(name.clone());
        } else {
            let copy = folder.join(name);
            fs::create_dir_all(folder.join("compose")).context("make a folder for copies")?;
            fs::write(&copy, without).with_context(|| format!("copy {name}"))?;
            plain.push(copy.to_str().context("a path that is no text")?.to_owned());
        }
    }
    Ok(plain)
}

/// The files that the whole does not include: they are given with `-f` after it.
fn overlays(files: &Files) -> anyhow::Result<Vec<String>> {
    let whole = files.text(WHOLE)?;
    let mut found = files.that(is_compose)?;
    // As an entry of its list: its comments name overlays too.
    let includes = |name: &str| whole.lines().any(|line| line.trim() == format!("- {name}"));
    found.retain(|name| name != WHOLE && name != BASE && !includes(name));
    Ok(found)
}

/// What Compose makes of its files.
fn merged(files: &Files, overlay: Option<&str>) -> anyhow::Result<serde_json::Value> {
    let mut docker = Command::new("docker");
    // A person's own choices are not what is looked at.
    for name in ["COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME", "COMPOSE_ENV_FILES"] {
        docker.env_remove(name);
    }
    let variables = if files.has(VARIABLES) { VARIABLES } else { "/dev/null" };
    docker.args(["compose", "--env-file", variables, "--file", WHOLE]);
    if let Some(overlay) = overlay {
        docker.args(["--file", overlay]);
    }
    docker.args(["--profile", "*", "config", "--format", "json"]);
    let told = told(docker.current_dir(files.root()));
    let told = told.with_context(|| format!("put together {WHOLE} {}", overlay.unwrap_or("")))?;
    serde_json::from_slice(&told).context("read what Compose makes of its files")
}
