//! An image in, a container of it that is removed again out.

use std::process::{Command, Output};

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// As little as Compose gives to a service, and no network.
const CONFINED: [&str; 7] = [
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--network=none",
    "--memory=256m",
    "--pull=never",
    "--pids-limit=256",
];

/// A container that is removed, with its volumes, when this goes out of scope.
pub(super) struct Container(String);

impl Container {
    /// Makes one that is not started, with further options, an image, and words for its program.
    pub(super) fn created(options: &[&str], image: &str, words: &[&str]) -> anyhow::Result<Self> {
        let mut docker = docker(&["create"]);
        let id = told(docker.args(CONFINED).args(options).arg(image).args(words))?;
        Ok(Self(id.trim().to_owned()))
    }

    pub(super) fn id(&self) -> &str {
        &self.0
    }

    pub(super) fn start(&self) -> anyhow::Result<()> {
        told(docker(&["start"]).arg(&self.0)).map(drop)
    }

    /// Asks it to stop, as the engine does, and returns the exit code of its program.
    pub(super) fn stop(&self, seconds: u32) -> anyhow::Result<i64> {
        told(docker(&["stop", "--time", &seconds.to_string()]).arg(&self.0))?;
        self.inspect()?["State"]["ExitCode"].as_i64().context("find the exit code")
    }

    pub(super) fn inspect(&self) -> anyhow::Result<Value> {
        first(&told(docker(&["container", "inspect"]).arg(&self.0))?)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // It may be gone, and there is nobody to tell.
        docker(&["rm", "--force", "--volumes"]).arg(&self.0).output().ok();
    }
}

/// Runs an image to the end of its program.
pub(super) fn run(options: &[&str], image: &str, words: &[&str]) -> anyhow::Result<Output> {
    let mut docker = docker(&["run", "--rm"]);
    docker.args(CONFINED).args(options).arg(image).args(words);
    docker.output().context("run docker")
}

/// The answer of an `inspect` about one thing.
pub(super) fn first(answer: &str) -> anyhow::Result<Value> {
    let mut all: Vec<Value> = serde_json::from_str(answer).context("read what docker says")?;
    all.pop().context("docker says nothing")
}

pub(super) fn docker(arguments: &[&str]) -> Command {
    let mut docker = Command::new("docker");
    docker.args(arguments);
    docker
}

/// Runs a program that must succeed, and returns what it says.
pub(super) fn told(command: &mut Command) -> anyhow::Result<String> {
    let program = format!("{command:?}");
    let output = command.output().with_context(|| format!("run {program}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program}: {}", complaint.trim());
    String::from_utf8(output.stdout).with_context(|| format!("read what {program} says"))
}
