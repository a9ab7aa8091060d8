//! The repository's files that are not Rust in, what is wrong with them on the terminal out.
//!
//! Files are found by their names. A tool that is missing and cannot be installed is an error.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use self::{files::Files, promtool::Promtool};
use crate::{
    build::{self, Profile},
    python, say, succeeds,
};

mod compose;
mod files;
mod promtool;
mod rules;

/// What every linter may use.
struct Scene {
    files: Files,
    /// Programs of Python packages.
    bin: PathBuf,
    /// Our settings for them.
    settings: PathBuf,
    /// For what is needed only while it runs.
    folder: PathBuf,
}

/// A linter: its name, which files it looks at, and whether they are as they should be.
type Linter = (&'static str, fn(&str) -> bool, fn(&Scene, &[String]) -> anyhow::Result<bool>);

const LINTERS: [Linter; 8] = [
    ("hadolint", files::is_dockerfile, |scene, files| scene.looks(scene.tool("hadolint"), files)),
    ("shellcheck", files::is_script, |scene, files| scene.looks(scene.tool("shellcheck"), files)),
    ("yamllint", files::is_yaml, yamllint),
    ("json", files::is_json, json),
    ("node --check", files::is_javascript, javascript),
    ("workflows", files::is_workflow, |scene, files| {
        scene.looks(scene.schema("vendor.github-workflows"), files)
    }),
    ("compose", files::is_compose, |scene, files| {
        // What Compose itself lets pass, such as an unknown key of an extension, and the reverse.
        let plain = compose::plain(&scene.files, files, &scene.folder)?;
        let valid = scene.looks(scene.schema("vendor.compose-spec"), &plain)?;
        Ok(compose::lint(&scene.files)? & valid)
    }),
    ("promtool", promtool::is_prometheus, |scene, files| {
        Promtool::find(&scene.folder, &scene.files)?.lint(&scene.files, files)
    }),
];

/// Runs all linters, also when one of them has found something.
pub(crate) fn run() -> anyhow::Result<bool> {
    let folder = build::folder(Profile::Dev)?.join("lint");
    fs::create_dir_all(&folder).context("make a folder for tools")?;
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("lint");
    let bin = python::install(&folder.join("tools"), &settings.join("requirements.txt"))?;
    let scene = Scene { files: Files::listed()?, bin, settings, folder };
    let mut passed = true;
    for (name, is_one, looks) in LINTERS {
        let files = scene.files.that(is_one)?;
        say(&format!("{name}: {} files", files.len()));
        if files.is_empty() {
            continue;
        }
        let found = looks(&scene, &files).unwrap_or_else(|error| {
            say(&format!("{name}: {error:#}"));
            false
        });
        if !found {
            say(&format!("{name}: FAILED"));
        }
        passed &= found;
    }
    Ok(passed)
}

impl Scene {
    fn tool(&self, name: &str) -> Command {
        Command::new(self.bin.join(name))
    }

    /// A check against a JSON schema that the tool brings along.
    fn schema(&self, name: &str) -> Command {
        let mut command = self.tool("check-jsonschema");
        command.args(["--builtin-schema", name]);
        command
    }

    /// Runs a tool over files, from the root, so that it names them as people do.
    fn looks(&self, mut tool: Command, files: &[String]) -> anyhow::Result<bool> {
        succeeds(tool.args(files).current_dir(self.files.root()))
    }
}

fn yamllint(scene: &Scene, files: &[String]) -> anyhow::Result<bool> {
    let mut tool = scene.tool("yamllint");
    tool.arg("--strict").arg("--config-file").arg(scene.settings.join("yamllint.yaml"));
    scene.looks(tool, files)
}

fn json(scene: &Scene, files: &[String]) -> anyhow::Result<bool> {
    let mut passed = true;
    for file in files {
        if let Err(error) = serde_json::from_str::<serde_json::Value>(&scene.files.text(file)?) {
            say(&format!("{file}: {error}"));
            passed = false;
        }
    }
    Ok(passed)
}

/// Looks at the syntax only. Scripts for k6 are modules, whatever their names end with.
fn javascript(scene: &Scene, files: &[String]) -> anyhow::Result<bool> {
    let mut passed = true;
    for file in files {
        let text = scene.files.text(file)?;
        let module =
            text.lines().any(|line| line.starts_with("import ") || line.starts_with("export "));
        let copy = scene.folder.join(if module { "script.mjs" } else { "script.cjs" });
        fs::write(&copy, text).context("copy a script")?;
        let looked = Command::new("node").arg("--check").arg(&copy).output();
        let looked = looked.context("run node, which comes with npm")?;
        if !looked.status.success() {
            say(&format!("{file}:\n{}", String::from_utf8_lossy(&looked.stderr)));
            passed = false;
        }
    }
    Ok(passed)
}

/// Runs a program that must succeed, and returns what it says.
fn told(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command.output().with_context(|| format!("run {program}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} failed: {}", complaint.trim());
    Ok(output.stdout)
}
