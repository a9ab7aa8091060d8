//! A running producer in, how much it has produced out.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use local_stack::{Child, ChildSpec};
use tokio::time;

use crate::{plan::Plan, scene::Scene};

/// How often the producer is asked how far it is.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Longest start, and longest wait for the acknowledgement of the last events.
const PATIENCE: Duration = Duration::from_secs(60);
const ACKNOWLEDGED: &str = "penstock_producer_events_acknowledged_total ";

/// A producer of sales.
#[derive(Debug)]
pub(crate) struct Producer {
    child: Child,
    log: PathBuf,
    metrics: String,
}

impl Producer {
    /// Starts one, and returns when it serves its metrics.
    pub(crate) async fn start(
        scene: &Scene,
        program: PathBuf,
        args: Vec<String>,
        logs: &Path,
    ) -> anyhow::Result<Self> {
        let log = logs.join("producer.log");
        let spec = ChildSpec {
            name: "producer".to_owned(),
            program,
            args,
            env: [("RUST_LOG".to_owned(), "info".to_owned())].into(),
            log: Some(log.clone()),
            stop_grace: Duration::ZERO,
        };
        let child = scene.stack()?.start_child(spec).await.context("start the producer")?;
        let serves = async || told(&log, "\"address\":\"").is_some();
        testkit::eventually("the producer serves", PATIENCE, serves).await?;
        let address = told(&log, "\"address\":\"").context("no address")?;
        let address = address.split('"').next().unwrap_or_default();
        let metrics = format!("http://{address}/metrics");
        Ok(Self { child, log, metrics })
    }

    /// Notes for ever how much has been produced. Fails when the producer ends.
    pub(crate) async fn count(&self, plan: &Plan) -> anyhow::Result<()> {
        loop {
            time::sleep(ASK_EVERY).await;
            let ended = self.child.try_exited();
            ensure!(ended.is_none(), "the producer ended by itself; see {}", self.log.display());
            let Ok(answer) = reqwest::get(&self.metrics).await else { continue };
            let text = answer.text().await.unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(ACKNOWLEDGED));
            if let Some(acknowledged) = line.and_then(|number| number.parse().ok()) {
                plan.produced.store(acknowledged, Ordering::Relaxed);
            }
        }
    }

    /// Stops it and returns how many events it has produced, all acknowledged.
    pub(crate) async fn stop(&self) -> anyhow::Result<u64> {
        let exit = self.child.stop(PATIENCE).await?;
        ensure!(exit.code == Some(0), "the producer was told to stop: {exit}");
        let number = |key: &str| -> anyhow::Result<u64> {
            let found = told(&self.log, &format!("\"{key}\":")).with_context(|| key.to_owned())?;
            Ok(found.split([',', '}']).next().unwrap_or_default().parse()?)
        };
        let (acknowledged, failed) = (number("acknowledged")?, number("failed")?);
        ensure!(failed == 0, "{failed} events could not be produced");
        Ok(acknowledged)
    }
}

/// What follows `key` in a log.
fn told(log: &Path, key: &str) -> Option<String> {
    let text = fs::read_to_string(log).ok()?;
    text.split_once(key).map(|(_, rest)| rest.lines().next().unwrap_or_default().to_owned())
}
