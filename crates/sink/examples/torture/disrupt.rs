//! A kind of disruption in, the deed done and the sign out by which it has bitten, if any.

use std::time::{Duration, Instant};

use rand::{Rng as _, rngs::SmallRng};
use testkit::{Part, Proxy, Signal};
use tokio::time;

use crate::{
    kind::{Kind, Sign},
    plan::Form,
    scene::{AGE_MS, SESSION_MS, Scene},
    signs::Seen,
    sinks::{Name, Sinks},
    watch::Watch,
};

/// How often one looks for a sign.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Longest that a group takes to notice a dead sink and to give its partitions to another,
/// amid other disruptions.
const TAKEOVER_MAX: Duration = Duration::from_secs(40);
/// A new owner that has replayed nothing for so long has nothing to replay.
const REPLAY_MAX: Duration = Duration::from_secs(3);
/// Longest that a sink takes to learn that it was thrown out, or that Kafka is back.
const GROUP_MAX: Duration = Duration::from_secs(12);
/// Longest that an insert takes to fail or to be repeated: half of the longest pause between
/// attempts.
const INSERT_MAX: Duration = Duration::from_secs(8);

/// Longest time until a server that was killed is started again, in milliseconds. Kafka's own start
/// takes some seconds more: with them sessions often end, but not always.
const KAFKA_DOWN_MS_MAX: u64 = SESSION_MS;
const CLICKHOUSE_DOWN_MS_MAX: u64 = 3_000;
/// How long answers are held back before a sink is killed or frozen: longer than a batch is young.
const ANSWER_DELAY: Duration = Duration::from_millis(2 * AGE_MS);
/// How many disruptions wait for rows to flow, and longest such wait.
const FLOWING_SHARE: f64 = 0.8;
const FLOW_MAX: Duration = Duration::from_secs(30);

/// Kinds that exclude each other: one is done after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub(crate) kinds: &'static [Kind],
    /// The sink they are about, if they are about one.
    pub(crate) sink: Option<Name>,
    /// How much longer its pauses are than those of others.
    pub(crate) pauses: u64,
}

const OF_A_SINK: &[Kind] = &[Kind::KillSink, Kind::FreezeSink];

/// All lanes. They run at the same time.
pub(crate) const LANES: [Lane; 4] = [
    Lane { kinds: OF_A_SINK, sink: Some(Name::A), pauses: 2 },
    Lane { kinds: OF_A_SINK, sink: Some(Name::B), pauses: 2 },
    Lane { kinds: &[Kind::KillClickHouse, Kind::CutClickHouse], sink: None, pauses: 2 },
    // Its disruptions take longest, and hit all sinks.
    Lane { kinds: &[Kind::KillKafka, Kind::CutKafka], sink: None, pauses: 1 },
];

/// What disruptions act on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disrupt<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) sinks: &'a Sinks<'a>,
    pub(crate) watch: &'a Watch,
    pub(crate) form: &'a Form,
}

impl Disrupt<'_> {
    /// Mostly waits until rows flow, so that there is something to hit; but not always, so that
    /// disruptions also hit what is recovering from others.
    pub(crate) async fn run(
        self,
        kind: Kind,
        sink: Option<Name>,
        random: &mut SmallRng,
    ) -> anyhow::Result<Option<Sign>> {
        let asked = Instant::now();
        let flowing = random.random_bool(FLOWING_SHARE);
        while asked.elapsed() < FLOW_MAX && !self.ripe(sink, flowing) {
            time::sleep(LOOK_EVERY).await;
        }
        // Any moment in the life of a batch.
        time::sleep(millis(random, 0, AGE_MS)).await;
        match (kind, sink) {
            (Kind::KillSink, Some(sink)) => self.kill_sink(sink, random).await,
            (Kind::FreezeSink, Some(sink)) => self.freeze_sink(sink, random).await,
            (Kind::KillClickHouse, _) => {
                self.kill(Part::ClickHouse, CLICKHOUSE_DOWN_MS_MAX, random).await
            }
            (Kind::KillKafka, _) => self.kill(Part::Kafka, KAFKA_DOWN_MS_MAX, random).await,
            (Kind::CutClickHouse, _) => self.cut_clickhouse(random).await,
            (Kind::CutKafka, _) => self.cut_kafka(random).await,
            (Kind::KillSink | Kind::FreezeSink, None) => Ok(None),
        }
    }

    /// Whether this sink, or any, inserts; or at least has partitions.
    fn ripe(self, sink: Option<Name>, flowing: bool) -> bool {
        let one = |name| {
            let owners = self.watch.owners();
            let owning = owners.values().any(|owner| owner.sink == name);
            owning && (!flowing || self.watch.flows(name))
        };
        sink.map_or_else(|| !flowing || Name::BOTH.into_iter().any(one), one)
    }

    /// Holds ClickHouse's answers back until the next batch of every partition is on its way: what
    /// stops then has announced ranges that are in or not.
    async fn between_insert_and_answer(self) {
        self.scene.to_clickhouse.delay_answers(ANSWER_DELAY);
        time::sleep(Duration::from_millis(AGE_MS)).await;
    }

    /// Bites when the next owner of one of its partitions replays a range.
    async fn kill_sink(self, name: Name, random: &mut SmallRng) -> anyhow::Result<Option<Sign>> {
        self.between_insert_and_answer().await;
        let since = self.watch.now()?;
        let owners = self.watch.owners().into_iter().filter(|(_, owner)| owner.sink == name);
        let owned: Vec<i32> = owners.map(|(partition, _)| partition).collect();
        let killed = self.sinks.kill(name).await;
        self.scene.to_clickhouse.delay_answers(Duration::ZERO);
        if !killed? {
            return Ok(None);
        }
        let pause = millis(random, 0, 8_000);
        let restart = async {
            time::sleep(pause).await;
            self.sinks.start(name).await
        };
        let wanted = if self.form.intents { Sign::Replayed } else { Sign::ReadAgain };
        let fits = |seen: &Seen| {
            seen.sign == wanted && seen.partition.is_some_and(|id| owned.contains(&id))
        };
        let sign = async {
            loop {
                let sign = self.watch.signs.claim(since, fits);
                let owners = self.watch.owners();
                let settled = owned.iter().all(|id| {
                    let owner = owners.get(id);
                    owner.is_some_and(|new| new.since > since && new.since.elapsed() > REPLAY_MAX)
                });
                if sign.is_some() || settled || since.elapsed() > TAKEOVER_MAX {
                    return sign;
                }
                time::sleep(LOOK_EVERY).await;
            }
        };
        let (restarted, sign) = tokio::join!(restart, sign);
        restarted?;
        Ok(sign)
    }

    /// Bites when the sink itself finds that it was thrown out.
    async fn freeze_sink(self, name: Name, random: &mut SmallRng) -> anyhow::Result<Option<Sign>> {
        self.between_insert_and_answer().await;
        let since = self.watch.now()?;
        let frozen = self.sinks.signal(name, Signal::Freeze).await;
        self.scene.to_clickhouse.delay_answers(Duration::ZERO);
        if !frozen? {
            return Ok(None);
        }
        time::sleep(millis(random, SESSION_MS + 1_000, 2 * SESSION_MS)).await;
        self.sinks.signal(name, Signal::Continue).await?;
        let fits = |seen: &Seen| {
            let thrown_out = matches!(
                seen.sign,
                Sign::CommitRefused | Sign::BeganAnew | Sign::PartitionsLost | Sign::Ended
            );
            thrown_out && seen.sink == Some(name)
        };
        Ok(self.claim(since, GROUP_MAX, fits).await)
    }

    /// Bites as a cut does.
    async fn kill(
        self,
        part: Part,
        down_ms_max: u64,
        random: &mut SmallRng,
    ) -> anyhow::Result<Option<Sign>> {
        let since = self.watch.now()?;
        self.scene.stack()?.kill(part).await?;
        time::sleep(millis(random, 0, down_ms_max)).await;
        self.scene.stack()?.restart(part).await?;
        match part {
            Part::Kafka => Ok(self.claim(since, GROUP_MAX, of_kafka).await),
            Part::ClickHouse | Part::Registry => {
                Ok(self.claim(since, INSERT_MAX, of_clickhouse).await)
            }
        }
    }

    /// Bites when an insert is repeated, or one that was confirmed in vain is dropped.
    async fn cut_clickhouse(self, random: &mut SmallRng) -> anyhow::Result<Option<Sign>> {
        let since = self.watch.now()?;
        let proxy = &self.scene.to_clickhouse;
        if random.random_bool(0.5) {
            for _ in 0..random.random_range(1..=5) {
                proxy.cut();
                time::sleep(millis(random, 10, AGE_MS)).await;
            }
        } else {
            refuse(proxy, millis(random, 50, 1_500)).await;
        }
        Ok(self.claim(since, INSERT_MAX, of_clickhouse).await)
    }

    /// Bites when a commit gets no answer, or when the sinks lose their partitions.
    async fn cut_kafka(self, random: &mut SmallRng) -> anyhow::Result<Option<Sign>> {
        let since = self.watch.now()?;
        let proxy = &self.scene.to_kafka;
        let beyond_session = (SESSION_MS + 1_000, SESSION_MS + 4_000);
        match random.random_range(0..3) {
            0 => refuse(proxy, millis(random, 500, 3_000)).await,
            1 => refuse(proxy, millis(random, beyond_session.0, beyond_session.1)).await,
            _ => {
                // Half-open connections: nobody is told that nothing arrives any more.
                proxy.pause();
                time::sleep(millis(random, beyond_session.0, beyond_session.1)).await;
                proxy.resume();
            }
        }
        Ok(self.claim(since, GROUP_MAX, of_kafka).await)
    }

    async fn claim(
        self,
        since: Instant,
        within: Duration,
        fits: impl Fn(&Seen) -> bool,
    ) -> Option<Sign> {
        let asked = Instant::now();
        loop {
            let sign = self.watch.signs.claim(since, &fits);
            if sign.is_some() || asked.elapsed() > within {
                return sign;
            }
            time::sleep(LOOK_EVERY).await;
        }
    }
}

/// What only a Kafka that cannot be reached does to a sink.
fn of_kafka(seen: &Seen) -> bool {
    matches!(
        seen.sign,
        Sign::CommitUnanswered
            | Sign::CommitLate
            | Sign::BeganAnew
            | Sign::PartitionsLost
            | Sign::Ended
    )
}

/// What a ClickHouse that cannot be reached does to a sink, and a sink then to it.
fn of_clickhouse(seen: &Seen) -> bool {
    matches!(seen.sign, Sign::InsertRetried | Sign::TokenHit)
}

async fn refuse(proxy: &Proxy, during: Duration) {
    proxy.refuse();
    time::sleep(during).await;
    proxy.resume();
}

fn millis(random: &mut SmallRng, from: u64, to: u64) -> Duration {
    Duration::from_millis(random.random_range(from..=to))
}
