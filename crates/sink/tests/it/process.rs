//! A running sink in, its log, its metrics and its end out.

use std::{fs, path::PathBuf, process::ExitStatus};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use testkit::eventually;
use tokio::process::Child;

use crate::fixture::PATIENCE;

/// The process. Killed when this goes out of scope.
pub(crate) struct Sink {
    child: Child,
    log: PathBuf,
    http: String,
}

impl Sink {
    /// Waits until the process, whose output is `log`, has opened its port.
    pub(crate) async fn serving(child: Child, log: PathBuf) -> anyhow::Result<Self> {
        let mut sink = Self { child, log, http: String::new() };
        eventually("the sink serves", PATIENCE, async || sink.log_has("serving health")).await?;
        let text = fs::read_to_string(&sink.log)?;
        let address = text.split_once("\"address\":\"").and_then(|(_, rest)| rest.split_once('"'));
        sink.http = format!("http://{}", address.context("no address in the log")?.0);
        Ok(sink)
    }

    /// Whether a line of the log contains `text`.
    pub(crate) fn log_has(&self, text: &str) -> bool {
        self.log_count(text) > 0
    }

    /// Lines of the log that contain `text`.
    pub(crate) fn log_count(&self, text: &str) -> usize {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter(|line| line.contains(text)).count()
    }

    /// Waits for a line of the log that contains `text`.
    pub(crate) async fn until_log(&self, text: &str) -> anyhow::Result<()> {
        let what = format!("the log says: {text}");
        eventually(&what, PATIENCE, async || self.log_has(text)).await
    }

    /// Where it serves its health, as `host:port`.
    pub(crate) fn address(&self) -> &str {
        self.http.trim_start_matches("http://")
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<String> {
        let answer = reqwest::get(format!("{}/{path}", self.http)).await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// Sum of the values of a metric over those of its labels that contain `label`.
    pub(crate) async fn metric(&self, name: &str, label: &str) -> anyhow::Result<f64> {
        let text = self.get("metrics").await?;
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
        let values = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        Ok(values.sum())
    }

    /// Waits until a metric is at least `least`.
    pub(crate) async fn until_metric(
        &self,
        name: &str,
        label: &str,
        least: f64,
    ) -> anyhow::Result<()> {
        let what = format!("{name} {label} is {least}");
        eventually(&what, PATIENCE, async || {
            self.metric(name, label).await.is_ok_and(|found| found >= least)
        })
        .await
    }

    /// Waits until so many partitions are assigned.
    pub(crate) async fn until_assigned(&self, partitions: f64) -> anyhow::Result<()> {
        let what = format!("{partitions} partitions are assigned");
        eventually(&what, PATIENCE, async || {
            self.metric("penstock_sink_partitions", "").await.is_ok_and(|found| found == partitions)
        })
        .await
    }

    /// Waits until so many partitions have stopped for `reason`.
    pub(crate) async fn until_stopped(&self, reason: &str, partitions: f64) -> anyhow::Result<()> {
        let label = format!("reason=\"{reason}\"");
        self.until_metric("penstock_sink_stopped_partitions", &label, partitions).await
    }

    /// SIGSTOP: nothing runs any more, and all connections stay.
    pub(crate) fn freeze(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    /// SIGKILL; returns when it is dead.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("kill the sink")
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        Ok(ended.context("the sink does not stop")??)
    }

    /// As [`Sink::stop`]; also returns its whole log.
    pub(crate) async fn stop_with_log(self) -> anyhow::Result<(ExitStatus, String)> {
        let log = self.log.clone();
        let status = self.stop().await?;
        Ok((status, fs::read_to_string(log)?))
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = self.child.id().context("the sink has ended")?;
        let pid = Pid::from_raw(i32::try_from(pid)?).context("pid")?;
        Ok(kill_process(pid, signal)?)
    }
}
