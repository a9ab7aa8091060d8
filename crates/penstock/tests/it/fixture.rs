//! A data folder and a `penstock` process of one test's own.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use testkit::eventually;
use tokio::process::{Child, Command};

/// Long enough for a loaded machine to start three servers.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) struct Home {
    pub(crate) dir: TempDir,
}

impl Home {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self { dir: TempDir::new()? })
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_penstock"));
        command.arg("--data-dir").arg(self.data_dir()).args(options);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs to the end.
    pub(crate) async fn run(&self, options: &[&str]) -> anyhow::Result<Output> {
        let output = self.command(options).output();
        tokio::time::timeout(PATIENCE, output)
            .await
            .context("penstock does not end")?
            .context("run")
    }

    /// Starts and waits until everything is up.
    pub(crate) async fn start(&self, options: &[&str]) -> anyhow::Result<Running> {
        let log = File::create(self.dir.path().join("stderr"))?;
        let child = self.command(options).stderr(log).spawn()?;
        let mut running = Running { child, data_dir: self.data_dir() };
        eventually("stack.json is there", PATIENCE, async || {
            running.data_dir.join("stack.json").exists() || running.ended()
        })
        .await?;
        anyhow::ensure!(!running.ended(), "ended early: {}", self.said());
        Ok(running)
    }

    /// What the last started process wrote to standard error.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.dir.path().join("stderr")).unwrap_or_default()
    }
}

pub(crate) struct Running {
    child: Child,
    data_dir: PathBuf,
}

impl Running {
    pub(crate) fn stack(&self) -> anyhow::Result<serde_json::Value> {
        let text = fs::read(self.data_dir.join("stack.json")).context("read stack.json")?;
        serde_json::from_slice(&text).context("parse stack.json")
    }

    /// Asks ClickHouse as the user `reader`, as the banner shows it.
    pub(crate) async fn query(&self, sql: &'static str) -> anyhow::Result<String> {
        let stack = self.stack()?;
        let file = stack["users"]["reader"].as_str().context("no reader")?;
        let url = stack["clickhouse_http"].as_str().context("no clickhouse_http")?;
        let password = fs::read_to_string(file)?;
        let request = reqwest::Client::new().post(url).body(sql);
        let answer = request.basic_auth("reader", Some(password.trim())).send().await?;
        Ok(answer.error_for_status()?.text().await?.trim().to_owned())
    }

    pub(crate) async fn rows(&self) -> u64 {
        let answer = self.query("SELECT count() FROM shop.sales").await;
        answer.ok().and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = i32::try_from(self.child.id().context("it has ended")?)?;
        Ok(kill_process(Pid::from_raw(pid).context("pid")?, signal)?)
    }

    pub(crate) async fn wait(mut self) -> anyhow::Result<ExitStatus> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        Ok(ended.context("penstock does not end")??)
    }
}

/// Processes whose command line names `dir`, but for test binaries.
pub(crate) fn processes_of(dir: &Path) -> Vec<(i32, String)> {
    let name = dir.display().to_string();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let names = line.contains(&name) || String::from_utf8_lossy(&environ).contains(&name);
        names.then_some((pid, line))
    })
    .collect()
}
