//! The workspace's own binaries in, running processes out, watched by what they log.

use std::{
    collections::VecDeque,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
    time,
};

/// How often the log is looked at. Lines are stamped when they come, so this costs no accuracy.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Lines of a log that are kept.
const LINES_MAX: usize = 2_000;
/// Lines of a log in the error when a process ends too early.
const TAIL_LINES: usize = 10;
/// Longest drain of a process that was told to stop.
const STOP_MAX: Duration = Duration::from_secs(60);

/// A running process. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    pid: u32,
    pub(crate) started: Instant,
    lines: Arc<Mutex<VecDeque<Line>>>,
}

/// A line of a log.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// When it came.
    pub(crate) at: Instant,
    pub(crate) text: String,
}

/// This program or one of the binaries, with an environment that sets nothing: what is measured
/// is the configuration as it is shipped.
pub(crate) fn command(program: &Path, args: &[OsString]) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .env("RUST_LOG", "info")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    command
}

impl Process {
    /// Starts a binary of the workspace.
    pub(crate) fn start(name: &'static str, args: &[OsString]) -> anyhow::Result<Self> {
        let mut child = command(&folder()?.join(name), args)
            .spawn()
            .with_context(|| format!("start the {name}, which `cargo xtask bench` builds"))?;
        let started = Instant::now();
        let pid = child.id().context("a process without an id")?;
        let output = child.stdout.take().context("a process without an output")?;
        let lines = Arc::default();
        tokio::spawn(read(output, Arc::clone(&lines)));
        Ok(Self { name, child, pid, started, lines })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for a line that contains `text`. May be given up and called again.
    pub(crate) async fn line(&mut self, text: &str, within: Duration) -> anyhow::Result<Line> {
        let until = Instant::now() + within;
        loop {
            // Looked at first: the last line may come together with the end.
            let ended = self.child.try_wait().context("look after a process")?;
            if let Some(found) = self.find(text) {
                return Ok(found);
            }
            let name = self.name;
            if let Some(status) = ended {
                bail!("the {name} ended ({status}) before it said {text:?}:\n{}", self.tail());
            }
            let in_time = Instant::now() < until;
            ensure!(in_time, "the {name} has not said {text:?} in {within:?}:\n{}", self.tail());
            time::sleep(LOOK_EVERY).await;
        }
    }

    /// Where it serves its metrics.
    pub(crate) async fn metrics_url(&mut self) -> anyhow::Result<String> {
        let line = self.line("serving health and metrics", STOP_MAX).await?.text;
        let address = line.split_once("\"address\":\"").and_then(|(_, rest)| rest.split_once('"'));
        Ok(format!("http://{}/metrics", address.context("no address in the log")?.0))
    }

    /// Tells it to stop and waits until it has.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let pid = rustix::process::Pid::from_raw(self.pid.cast_signed()).context("a process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).context("stop")?;
        self.ended().await
    }

    /// Waits until it has ended by itself, and well.
    pub(crate) async fn ended(mut self) -> anyhow::Result<()> {
        let name = self.name;
        let ended = time::timeout(STOP_MAX, self.child.wait()).await;
        let status = ended.with_context(|| format!("the {name} does not end"))??;
        ensure!(status.success(), "the {name} failed ({status}):\n{}", self.tail());
        Ok(())
    }

    fn find(&self, text: &str) -> Option<Line> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().find(|line| line.text.contains(text)).cloned()
    }

    fn tail(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let from = lines.len().saturating_sub(TAIL_LINES);
        lines.iter().skip(from).map(|line| format!("  {}\n", line.text)).collect()
    }
}

/// Reads to the end, so that the process never waits for us.
async fn read(output: ChildStdout, lines: Arc<Mutex<VecDeque<Line>>>) {
    let mut output = BufReader::new(output).lines();
    while let Ok(Some(text)) = output.next_line().await {
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(Line { at: Instant::now(), text });
    }
}

/// `<target dir>/<profile>`, of this program in `<target dir>/<profile>/examples`.
fn folder() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("find this program")?;
    let folder = own.parent().and_then(Path::parent).context("find the build folder")?;
    Ok(folder.to_owned())
}
