//! Numbers of a pipeline and what its workers own in, its status and copies of its offsets out.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use deliver::{Offset, TopicPartition};
use pipeline_spec::{
    status::{InstanceStatus, Mirror, PartitionStatus, Quantiles, RunState},
    store::{StatusSnapshot, StatusWriter, Stored},
};
use tokio::sync::watch;

use crate::{
    board::{Board, Reset, Seat},
    metrics::{Noted, PipelineMetrics},
    orders,
};

mod quantile;

/// Over how long rates are taken.
const RATE_OVER: Duration = Duration::from_secs(10);

/// Over how long the freshness is taken.
const FRESHNESS_OVER: Duration = Duration::from_secs(60);

/// How often the copy of a partition's offset is written at most.
const MIRROR_EVERY: Duration = Duration::from_secs(5);

/// How all pipelines of a process report.
#[derive(Debug)]
pub struct Reports {
    /// To the topic of status.
    pub writer: StatusWriter,
    /// What all sinks have reported.
    pub statuses: watch::Receiver<Option<Arc<StatusSnapshot>>>,
    /// The name of this process.
    pub instance: String,
}

/// What a pipeline is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    state: RunState,
    reason: Option<&'static str>,
    detail: Option<String>,
}

/// Reports one pipeline.
#[derive(Debug)]
pub struct Reporter {
    reports: Arc<Reports>,
    pipeline: String,
    board: Arc<Board>,
    metrics: PipelineMetrics,
    /// Numbers of the last minute.
    noted: VecDeque<(Instant, Noted)>,
    mirrored: HashMap<TopicPartition, (Instant, Mirror)>,
}

impl Stage {
    /// Nothing is wrong.
    #[must_use]
    pub fn of(state: RunState) -> Self {
        Self { state, reason: None, detail: None }
    }

    /// It finishes what it holds.
    #[must_use]
    pub fn stopping() -> Self {
        Self::of(RunState::Stopping)
    }

    /// Something must be mended: `reason` for programs, `detail` for people.
    #[must_use]
    pub fn failed(reason: &'static str, detail: String) -> Self {
        Self { state: RunState::Failed, reason: Some(reason), detail: Some(detail) }
    }
}

impl Reporter {
    /// For a pipeline of which `board` and `metrics` tell.
    #[must_use]
    pub fn new(
        reports: Arc<Reports>,
        pipeline: &str,
        board: Arc<Board>,
        metrics: PipelineMetrics,
    ) -> Self {
        Self {
            reports,
            pipeline: pipeline.to_owned(),
            board,
            metrics,
            noted: VecDeque::new(),
            mirrored: HashMap::new(),
        }
    }

    /// Tells what the pipeline, which runs as `stored` says, is doing.
    pub fn report(&mut self, stored: &Stored, stage: &Stage) {
        let (now, noted) = (Instant::now(), self.metrics.noted());
        let seats = self.board.seats();
        let before = self.at(now, RATE_OVER);
        let rate = |of: fn(&Noted) -> u64| {
            let (since, before) = before?;
            let seconds = now.duration_since(*since).as_secs_f64();
            (seconds > 0.1).then(|| of(&noted).saturating_sub(of(before)) as f64 / seconds)
        };
        let freshness = self.at(now, FRESHNESS_OVER).and_then(|(_, before)| {
            let of = |quantile| quantile::between(&before.freshness, &noted.freshness, quantile);
            Some(Quantiles { p50: of(0.5)? * 1_000.0, p95: of(0.95)? * 1_000.0 })
        });
        let status = InstanceStatus {
            instance: self.reports.instance.clone(),
            pipeline: self.pipeline.clone(),
            at_ms: now_ms(),
            version: stored.version,
            revision: stored.spec.revision(),
            state: stage.state,
            reason: stage.reason.map(str::to_owned),
            detail: stage.detail.clone(),
            partitions: seats.iter().map(|seat| self.partition(seat)).collect(),
            rows_total: noted.rows,
            bytes_total: noted.bytes,
            rows_per_s: rate(|noted| noted.rows).unwrap_or(0.0),
            bytes_per_s: rate(|noted| noted.bytes).unwrap_or(0.0),
            freshness_ms: freshness,
            dead_letters_total: noted.dead_letters,
            skipped_total: noted.skipped.iter().map(|(why, n)| ((*why).to_owned(), *n)).collect(),
            last_error: noted.last_error.clone(),
            retrying: noted.retrying.clone(),
            guarantee: noted.guarantee.clone(),
        };
        self.reports.writer.put_instance(&status);
        self.remember(now, noted);
        self.mirror(now, seats, stored);
    }

    /// Takes the report back: this process has nothing to do with the pipeline any more.
    pub fn gone(&mut self) {
        self.reports.writer.remove_instance(&self.pipeline, &self.reports.instance);
    }

    fn partition(&self, seat: &Seat) -> PartitionStatus {
        let committed = seat.committed.as_ref().map(|(offset, _)| offset.raw());
        // Ends are told every few seconds: what was committed since is there as well.
        let end = self.board.end(&seat.partition).max(committed);
        let lag = committed.zip(end).map(|(committed, end)| end.saturating_sub(committed).max(0));
        PartitionStatus {
            topic: seat.partition.topic.to_string(),
            partition: seat.partition.partition,
            committed,
            end,
            lag,
            pending_ranges: u32::try_from(seat.pending).unwrap_or(u32::MAX),
            stopped: seat.stopped.map(|reason| reason.as_str().to_owned()),
            topic_id: self.board.topic(&seat.partition).map(|id| id.to_string()),
        }
    }

    /// The oldest numbers that are not older than `over`.
    fn at(&self, now: Instant, over: Duration) -> Option<&(Instant, Noted)> {
        self.noted.iter().find(|(at, _)| now.duration_since(*at) <= over)
    }

    fn remember(&mut self, now: Instant, noted: Noted) {
        // Reports in between, of a change of state, need no place of their own.
        let crowded =
            self.noted.back().is_some_and(|(at, _)| now.duration_since(*at) < RATE_OVER / 10);
        if !crowded {
            self.noted.push_back((now, noted));
        }
        while self.noted.front().is_some_and(|(at, _)| now.duration_since(*at) > FRESHNESS_OVER) {
            self.noted.pop_front();
        }
    }

    /// Copies what Kafka holds for the group, now and then, and at once after a reset.
    fn mirror(&mut self, now: Instant, seats: Vec<Seat>, stored: &Stored) {
        // Who wrote the last copy may have been another sink: nothing is known before that is read.
        let Some(statuses) = self.reports.statuses.borrow().clone() else { return };
        self.mirrored.retain(|id, _| seats.iter().any(|seat| seat.partition == *id));
        // Whoever has carried out a reset leaves the group at once, and has no seat any more.
        for Reset { id, partition, committed } in self.board.untold_resets() {
            let mirror = mirror(&partition, committed, Some(id));
            self.reports.writer.put_mirror(&self.pipeline, &mirror);
            self.mirrored.insert(partition, (now, mirror));
        }
        for Seat { partition: id, committed, .. } in seats {
            let Some(committed) = committed else { continue };
            let key = (self.pipeline.clone(), id.topic.to_string(), id.partition);
            let theirs = || statuses.mirrors.get(&key).and_then(|mirror| mirror.reset.clone());
            // Whoever has set the offset may not have lived to tell.
            let wanted = stored.reset.as_ref();
            let done =
                wanted.filter(|one| orders::mark_of(committed.0, &committed.1) == Some(one.mark()));
            let reset = done.map(|reset| reset.id.clone()).or_else(theirs);
            let mirror = mirror(&id, committed, reset);
            let due = match self.mirrored.get(&id) {
                None => true,
                Some((_, last)) if last.reset != mirror.reset => true,
                Some((at, last)) => {
                    let same = (last.offset, &last.metadata) == (mirror.offset, &mirror.metadata);
                    !same && now.duration_since(*at) >= MIRROR_EVERY
                }
            };
            if due {
                self.reports.writer.put_mirror(&self.pipeline, &mirror);
                self.mirrored.insert(id, (now, mirror));
            }
        }
    }
}

fn mirror(of: &TopicPartition, committed: (Offset, String), reset: Option<String>) -> Mirror {
    let (offset, metadata) = committed;
    Mirror {
        topic: of.topic.to_string(),
        partition: of.partition,
        offset: offset.raw(),
        metadata,
        at_ms: now_ms(),
        reset,
    }
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
