//! Two sinks: started, killed, frozen, and started again whenever they end.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use local_stack::{Child, ChildSpec, Signal, Stack};
use tokio::time;

use crate::{kind::Sign, signs::Seen, watch::Watch};

/// How often one looks whether a sink has ended.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What an orchestrator waits before it starts a container that failed again.
const RESTART_AFTER: Duration = Duration::from_secs(1);
/// Longest end of a sink that was told to stop; above its own `drain_ms_max`.
const STOP_MAX: Duration = Duration::from_secs(40);
/// Exit code of a sink that wants to be started again.
const FAILED: i32 = 1;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    A,
    B,
}

impl Name {
    pub(crate) const BOTH: [Self; 2] = [Self::A, Self::B];
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::B => "b",
        })
    }
}

/// The two sinks.
#[derive(Debug)]
pub(crate) struct Sinks<'a> {
    stack: &'a Stack,
    watch: &'a Watch,
    program: PathBuf,
    args: Vec<String>,
    logs: &'a Path,
    slots: [Slot; 2],
    starts: AtomicU32,
}

/// Empty while its sink is down and somebody is about to start it.
#[derive(Debug, Default)]
struct Slot(Mutex<Option<Child>>);

impl<'a> Sinks<'a> {
    pub(crate) fn new(
        stack: &'a Stack,
        watch: &'a Watch,
        program: PathBuf,
        args: Vec<String>,
        logs: &'a Path,
    ) -> Self {
        let (slots, starts) = (Default::default(), AtomicU32::new(0));
        Self { stack, watch, program, args, logs, slots, starts }
    }

    /// Starts a sink that is down.
    pub(crate) async fn start(&self, name: Name) -> anyhow::Result<()> {
        let number = self.starts.fetch_add(1, Ordering::Relaxed);
        let log = self.logs.join(format!("sink-{name}-{number:04}.log"));
        let spec = ChildSpec {
            name: format!("sink {name}"),
            program: self.program.clone(),
            args: self.args.clone(),
            // Tokens of all batches, to tell what became of an offset.
            env: [("RUST_LOG".to_owned(), "info,sink=debug".to_owned())].into(),
            log: Some(log.clone()),
            stop_grace: Duration::ZERO,
        };
        let child = self.stack.start_child(spec).await.context("start a sink")?;
        self.watch.add(name, &log)?;
        *self.slot(name) = Some(child);
        Ok(())
    }

    /// Kills a sink (SIGKILL) and returns when it is dead; false when it is down already. Whoever
    /// kills it starts it again.
    pub(crate) async fn kill(&self, name: Name) -> anyhow::Result<bool> {
        let Some(child) = self.slot(name).take() else { return Ok(false) };
        child.signal(Signal::Kill).await?;
        child.exited().await;
        Ok(true)
    }

    /// Sends a signal to a sink; false when it is down.
    pub(crate) async fn signal(&self, name: Name, signal: Signal) -> anyhow::Result<bool> {
        let Some(child) = self.slot(name).clone() else { return Ok(false) };
        child.signal(signal).await?;
        Ok(true)
    }

    /// Starts sinks again that end by themselves, as an orchestrator does. Fails when one ends in
    /// another way than to be started again.
    pub(crate) async fn keep(&self) -> anyhow::Result<()> {
        loop {
            time::sleep(LOOK_EVERY).await;
            for name in Name::BOTH {
                let ended = self.slot(name).take_if(|child| child.try_exited().is_some());
                let Some(exit) = ended.and_then(|child| child.try_exited()) else { continue };
                ensure!(exit.code == Some(FAILED), "sink {name} ended by itself: {exit}");
                self.watch.signs.saw(Seen { sign: Sign::Ended, sink: Some(name), partition: None });
                time::sleep(RESTART_AFTER).await;
                self.start(name).await?;
            }
        }
    }

    /// Stops both in order. Fails unless both exit with 0.
    pub(crate) async fn stop(&self) -> anyhow::Result<()> {
        for name in Name::BOTH {
            let child = self.slot(name).take().with_context(|| format!("sink {name} is down"))?;
            let exit = child.stop(STOP_MAX).await?;
            ensure!(exit.code == Some(0), "sink {name} was told to stop: {exit}");
        }
        Ok(())
    }

    fn slot(&self, name: Name) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.slots[name as usize].0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
