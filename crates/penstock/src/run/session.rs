//! Generator, admin API and sink against a running stack: started, watched, drained.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail};
use local_stack::{Child, Part, Stack};
use tokio::{
    task::JoinHandle,
    time::{self, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use crate::{
    admin::Admin,
    config::Config,
    freshness::Histogram,
    process,
    services::{self, DEAD_LETTERS, Sink, TOPIC},
    show::{self, Live},
    summary::Summary,
    watch::{Offsets, SinkView, Watch, lag},
};

/// How often everything is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The same while a run with `--events` waits for its last rows.
const LOOK_CLOSELY_EVERY: Duration = Duration::from_millis(200);

/// Looks over which the freshness in the live line is taken.
const FRESHNESS_LOOKS: usize = 10;

/// How long the servers may fail to answer before a run gives up.
const FORGIVEN_MAX: Duration = Duration::from_secs(30);

/// Pause before a sink that ended by itself is started again.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// How a run ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was told to stop, as it must be without `--events`.
    Stopped,
    /// It was told to stop before all events had landed.
    Interrupted,
    /// All events of `--events` were generated and the sink is done with them.
    Landed(Summary),
}

/// What a run with `--events` is doing.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// What earlier runs left over is still being landed.
    Backlog,
    /// Events are generated.
    Generating,
    /// All are generated; the last ones are being landed.
    Landing,
}

/// What is compared at the end of a run with `--events`.
#[derive(Debug)]
struct Before {
    at: Instant,
    ends: Offsets,
    dead_letters: Offsets,
    freshness: Histogram,
    sink_cpu_s: f64,
    clickhouse_cpu_s: f64,
}

/// What a session is made of.
pub(super) struct Parts<'run> {
    pub(super) config: &'run Config,
    pub(super) stack: &'run Stack,
    pub(super) watch: Watch,
    pub(super) sink: Sink,
    pub(super) admin: Admin,
}

pub(super) struct Session<'run> {
    config: &'run Config,
    stack: &'run Stack,
    watch: Watch,
    sink: Sink,
    admin: Admin,
    child: Child,
    producer: producer::Handle,
    producer_stop: CancellationToken,
    generating: Option<JoinHandle<anyhow::Result<()>>>,
    live: Live,
    phase: Phase,
    before: Option<Before>,
    /// CPU seconds of the sink when it was last looked at.
    sink_cpu_s: f64,
    /// CPU seconds of sinks that have ended.
    ended_sinks_cpu_s: f64,
    freshness: VecDeque<Histogram>,
    last_look: (Instant, u64),
    /// When the lag was last seen to shrink, and to what.
    progress: (Instant, i64),
    /// Why a partition has stopped, if one has.
    stopped: Option<String>,
    patience: Patience,
}

/// Forgives failures that pass: servers that have just started, or that a person restarts.
#[derive(Debug, Default)]
struct Patience {
    failing_since: Option<Instant>,
}

impl Patience {
    /// Turns a failure into `None`, unless all attempts have failed for too long.
    fn forgive<T>(&mut self, outcome: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
        match outcome {
            Ok(value) => {
                self.failing_since = None;
                Ok(Some(value))
            }
            Err(error) => {
                let since = *self.failing_since.get_or_insert_with(Instant::now);
                if since.elapsed() > FORGIVEN_MAX { Err(error) } else { Ok(None) }
            }
        }
    }
}

impl<'run> Session<'run> {
    /// Starts the generator, paused until the sink is there; once the topic is, creates the
    /// pipeline and starts the sink.
    pub(super) async fn start(
        parts: Parts<'run>,
        producer: producer::Producer,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let Parts { config, stack, watch, sink, admin } = parts;
        let handle = producer.handle();
        handle.pause();
        let producer_stop = CancellationToken::new();
        let mut generating = tokio::spawn(producer.run(producer_stop.clone()));
        let mut patience = Patience::default();
        // The leaders of a new topic's partitions are not there at once.
        while patience.forgive(watch.ends(TOPIC).await)?.is_none_or(|ends| ends.is_empty()) {
            tokio::select! {
                ended = &mut generating => {
                    ended.context("generator panicked")?.context("generator")?;
                    bail!("the generator ended before it began");
                }
                () = stop.cancelled() => bail!("stopped while starting"),
                () = time::sleep(LOOK_CLOSELY_EVERY) => {}
            }
        }
        admin.create_pipeline().await?;
        let child = sink.start(stack).await?;
        let now = Instant::now();
        Ok(Self {
            config,
            stack,
            watch,
            sink,
            admin,
            child,
            producer: handle,
            producer_stop,
            generating: Some(generating),
            live: Live::new(),
            phase: Phase::Backlog,
            before: None,
            sink_cpu_s: 0.0,
            ended_sinks_cpu_s: 0.0,
            freshness: VecDeque::new(),
            last_look: (now, 0),
            progress: (now, i64::MAX),
            stopped: None,
            patience: Patience::default(),
        })
    }

    pub(super) fn sink_url(&self) -> &str {
        &self.sink.url
    }

    pub(super) fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Waits until the sink is ready. Returns false when told to stop meanwhile.
    pub(super) async fn get_ready(&mut self, stop: &CancellationToken) -> anyhow::Result<bool> {
        let ready_max = Duration::from_secs(self.config.limits.ready_seconds_max.get().into());
        let started = Instant::now();
        while !self.watch.sink_is_ready().await {
            if let Some(exit) = self.child.try_exited() {
                bail!("the sink ended with {exit}: see {}", self.child.log().display());
            }
            if started.elapsed() > ready_max {
                bail!(
                    "the sink was not ready within {ready_max:?}: see {}",
                    self.child.log().display()
                );
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                () = time::sleep(LOOK_CLOSELY_EVERY) => {}
            }
        }
        Ok(true)
    }

    /// Watches until it is told to stop or, with `--events`, until all have landed.
    pub(super) async fn watch_to_the_end(
        &mut self,
        stop: &CancellationToken,
    ) -> anyhow::Result<Outcome> {
        if self.config.events.is_none() {
            self.phase = Phase::Generating;
            self.producer.resume();
        }
        let every = match self.config.events {
            Some(_) => LOOK_CLOSELY_EVERY,
            None => LOOK_EVERY,
        };
        let mut looks = time::interval(every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => {
                    let looked = self.look().await;
                    if let Some(Some(summary)) = self.patience.forgive(looked)? {
                        return Ok(Outcome::Landed(summary));
                    }
                    self.check_progress()?;
                }
                exit = self.child.exited() => {
                    let log = self.child.log().display().to_string();
                    self.live.note(&format!("the sink ended with {exit}, starting it again ({log})"));
                    self.restart_sink().await?;
                }
                (part, exit) = self.stack.exited() => {
                    bail!("{part} ended by itself with {exit}: see its log in the data folder");
                }
                ended = self.admin.ended() => {
                    ended?;
                    bail!("the admin API ended by itself");
                }
                ended = generator(&mut self.generating) => {
                    self.generating = None;
                    ended?;
                    if self.config.events.is_none() {
                        bail!("the generator ended by itself");
                    }
                    self.phase = Phase::Landing;
                }
                () = stop.cancelled() => {
                    return Ok(match self.config.events {
                        Some(_) => Outcome::Interrupted,
                        None => Outcome::Stopped,
                    });
                }
            }
        }
    }

    /// Looks at everything once. Returns the summary when a run with `--events` is done.
    async fn look(&mut self) -> anyhow::Result<Option<Summary>> {
        self.sink_cpu_s = process::cpu_seconds(self.child.pid()).unwrap_or(self.sink_cpu_s);
        let ends = self.watch.ends(TOPIC).await?;
        let committed = self.watch.committed(&ends).await?;
        let lag = lag(&ends, &committed);
        // A sink that is being started again does not answer: what it said before stands.
        let sink = self.watch.sink().await.unwrap_or_default();
        self.show(lag, &sink).await?;
        let moves = lag < self.progress.1 || self.phase == Phase::Generating;
        if moves {
            self.progress = (Instant::now(), lag);
        }
        self.stopped = sink.stopped.first().cloned();
        if self.config.events.is_none() {
            return Ok(None);
        }
        match self.phase {
            Phase::Backlog if lag == 0 => {
                self.before = Some(self.take_stock(ends, sink).await?);
                self.phase = Phase::Generating;
                self.producer.resume();
                Ok(None)
            }
            Phase::Landing if lag == 0 => Ok(Some(self.sum_up(&ends).await?)),
            Phase::Backlog | Phase::Generating | Phase::Landing => Ok(None),
        }
    }

    async fn show(&mut self, lag: i64, sink: &SinkView) -> anyhow::Result<()> {
        let now = Instant::now();
        let acknowledged = self.producer.stats().acknowledged;
        let (then, before) = std::mem::replace(&mut self.last_look, (now, acknowledged));
        let rate = (acknowledged - before) as f64 / now.duration_since(then).as_secs_f64();
        if self.freshness.len() > FRESHNESS_LOOKS {
            self.freshness.pop_front();
        }
        self.freshness.push_back(sink.freshness.clone());
        let recent = self.freshness.front().map(|earlier| sink.freshness.since(earlier));
        let freshness = match recent.and_then(|recent| recent.quantiles()) {
            Some(quantiles) => format!("{:.0} ms", quantiles.p95),
            None => "-".to_owned(),
        };
        let rows = self.watch.count().await?;
        let stopped = sink.stopped.first();
        let stopped = stopped.map(|reason| format!("   stopped ({reason}): the page says more"));
        self.live.update(&format!(
            "{rate:.0} events/s   {rows} rows in ClickHouse   lag {lag}   freshness p95 {freshness}{}",
            stopped.unwrap_or_default()
        ));
        Ok(())
    }

    /// A run with `--events` must come to an end, also when something is wrong.
    fn check_progress(&self) -> anyhow::Result<()> {
        if self.config.events.is_none() {
            return Ok(());
        }
        let log = self.child.log().display();
        if let Some(reason) = &self.stopped {
            bail!("a partition has stopped ({reason}): see {log}");
        }
        let stall_max = Duration::from_secs(self.config.limits.stall_seconds_max.get().into());
        let (since, lag) = self.progress;
        if since.elapsed() > stall_max {
            bail!("no row has landed for {stall_max:?}, {lag} are missing: see {log}");
        }
        Ok(())
    }

    async fn take_stock(&self, ends: Offsets, sink: SinkView) -> anyhow::Result<Before> {
        Ok(Before {
            dead_letters: self.watch.ends(DEAD_LETTERS).await?,
            freshness: sink.freshness,
            sink_cpu_s: self.ended_sinks_cpu_s + self.sink_cpu_s,
            clickhouse_cpu_s: self.clickhouse_cpu_s(),
            ends,
            at: Instant::now(),
        })
    }

    async fn sum_up(&self, ends: &Offsets) -> anyhow::Result<Summary> {
        let before = self.before.as_ref().ok_or_else(|| anyhow!("nothing was generated"))?;
        let seconds = before.at.elapsed().as_secs_f64();
        let clickhouse_cpu_s = self.clickhouse_cpu_s() - before.clickhouse_cpu_s;
        let rss_bytes = process::peak_resident_bytes(self.child.pid()).unwrap_or(0);
        let freshness = self.watch.sink().await?.freshness.since(&before.freshness);
        let rows = self.watch.rows_between(&before.ends, ends).await?;
        let dead_letters = lag(&self.watch.ends(DEAD_LETTERS).await?, &before.dead_letters);
        let produced = self.producer.stats().acknowledged;
        Ok(Summary {
            produced,
            rows: rows.rows,
            distinct_offsets: rows.distinct_offsets,
            dead_letters: u64::try_from(dead_letters).unwrap_or(0),
            seconds: (seconds * 1_000.0).round() / 1_000.0,
            events_per_s: (produced as f64 / seconds).round(),
            freshness_ms: freshness.quantiles().unwrap_or_default(),
            sink_cpu_s: self.ended_sinks_cpu_s + self.sink_cpu_s - before.sink_cpu_s,
            clickhouse_cpu_s,
            rss_bytes,
        })
    }

    fn clickhouse_cpu_s(&self) -> f64 {
        self.stack.pid(Part::ClickHouse).and_then(process::cpu_seconds).unwrap_or(0.0)
    }

    /// The sink ends by itself when only a fresh consumer can go on: that is no failure of ours.
    async fn restart_sink(&mut self) -> anyhow::Result<()> {
        self.ended_sinks_cpu_s += std::mem::take(&mut self.sink_cpu_s);
        time::sleep(RESTART_PAUSE).await;
        self.child = self.sink.start(self.stack).await?;
        Ok(())
    }

    /// Drains the generator, then the sink, and stops the admin API.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        self.live.end();
        let drain = services::drain(self.config);
        self.producer_stop.cancel();
        let drained = match self.generating.take() {
            Some(generating) => time::timeout(drain, generating).await,
            None => Ok(Ok(Ok(()))),
        };
        let exit = self.child.stop(drain + RESTART_PAUSE).await?;
        if !exit.is_orderly() {
            show::say(&format!("the sink ended with {exit}: see {}", self.child.log().display()));
        }
        self.admin.end(drain).await?;
        drained.context("the generator did not drain in time")?.context("generator panicked")?
    }
}

/// Waits for the generator's end; for ever once it has ended.
async fn generator(task: &mut Option<JoinHandle<anyhow::Result<()>>>) -> anyhow::Result<()> {
    match task {
        Some(task) => task.await.context("generator panicked")?.context("generator"),
        None => std::future::pending().await,
    }
}
