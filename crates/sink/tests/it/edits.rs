//! Promise: however often a pipeline is edited, paused, resumed and restarted while its rows flow,
//! and its sinks killed, each record lands once.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use pipeline_spec::{Metadata, MetadataColumn, NullValue, State, store::Stored};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::IndexedRandom as _};
use testkit::{Proxy, Record, eventually};

use crate::{
    fixture::{PATIENCE, row},
    process::Sink,
    stored::StoredScene,
};

const PARTITIONS: i64 = 4;

/// One record in so many has no value.
const NULLS_EVERY: i64 = 500;

/// Edits from one kill to the next.
const KILL_EVERY: usize = 8;

/// Rows that are on their way when a sink is killed, on top of what the plan says.
const KILLED_IN: i64 = 2_000;

/// How long ClickHouse takes to answer.
const ANSWER_DELAY: Duration = Duration::from_millis(300);

struct Plan {
    seed: u64,
    edits: usize,
    /// Rows to produce; records without a value come on top.
    rows: i64,
    /// How long the last ones may take.
    patience: Duration,
}

#[tokio::test]
async fn edits_and_kills_neither_lose_nor_double_a_row() -> anyhow::Result<()> {
    let plan = plan()?;
    let seed = plan.seed;
    drive(plan).await.with_context(|| format!("seed {seed}"))
}

/// The short form, or the long one of `cargo xtask edits`.
fn plan() -> anyhow::Result<Plan> {
    let short = Plan { seed: 5, edits: 30, rows: 100_000, patience: Duration::from_secs(120) };
    match std::env::var_os("PENSTOCK_EDITS_SEED") {
        None => Ok(short),
        Some(seed) => Ok(Plan {
            seed: seed.to_string_lossy().parse()?,
            edits: 100,
            rows: 2_000_000,
            patience: Duration::from_secs(600),
        }),
    }
}

#[expect(clippy::print_stdout, reason = "what the run was worth")]
async fn drive(plan: Plan) -> anyhow::Result<()> {
    let mut dice = SmallRng::seed_from_u64(plan.seed);
    let mut stored = StoredScene::new(4).await?;
    // Slow answers: at any moment something has landed of which its sink does not know.
    let direct = stored.scene.clickhouse_url.clone();
    let proxy = Proxy::start(&direct).await?;
    proxy.delay_answers(ANSWER_DELAY);
    stored.scene.clickhouse_url = proxy.url(&direct);
    stored.create().await?;
    let mut sinks = vec![stored.sink("").await?, stored.sink("").await?];
    let (mut produced, mut records, mut kills, mut replays) = (0, 0, 0, 0);
    for edit in 0..plan.edits {
        let wave = produced..produced + plan.rows / i64::try_from(plan.edits)?;
        produced = wave.end;
        records += wave_of(&stored, wave).await?;
        pause(&mut dice, 800).await;
        let seed = dice.random();
        stored.edit(|stored| change(stored, &mut SmallRng::seed_from_u64(seed))).await?;
        if edit % KILL_EVERY == KILL_EVERY / 2 {
            // Whatever it was told last: something is in flight when it is killed.
            stored.set(State::Running).await?;
            records += wave_of(&stored, produced..produced + KILLED_IN).await?;
            produced += KILLED_IN;
            let before = stored.scene.rows().await;
            let landed = async || stored.scene.rows().await > before;
            eventually("rows land, and are not known to", PATIENCE, landed).await?;
            let killed = sinks.remove(dice.random_range(0..sinks.len()));
            replays += killed.log_count("range is replayed");
            killed.kill().await?;
            kills += 1;
            sinks.push(stored.sink("").await?);
        }
    }
    stored.set(State::Running).await?;
    let done = eventually("everything is committed", plan.patience, async || {
        stored.scene.committed().await.is_ok_and(|found| found >= records)
    });
    done.await?;
    expect_each_once(&stored, produced).await?;
    for sink in sinks {
        replays += sink.log_count("range is replayed");
        ended_well(sink).await?;
    }
    println!("{} edits, {kills} kills, {records} records, {replays} ranges replayed", plan.edits);
    ensure!(kills > 0 && replays > 0, "{kills} kills, {replays} replays: nothing was at stake");
    Ok(())
}

async fn pause(dice: &mut SmallRng, ms_max: u64) {
    tokio::time::sleep(Duration::from_millis(dice.random_range(0..ms_max))).await;
}

async fn ended_well(sink: Sink) -> anyhow::Result<()> {
    let anew = sink.log_count("worker begins anew");
    ensure!(sink.stop().await?.success(), "after {anew} workers that began anew");
    Ok(())
}

async fn wave_of(stored: &StoredScene, ids: std::ops::Range<i64>) -> anyhow::Result<i64> {
    let mut records = Vec::new();
    for id in ids {
        let partition = crate::fixture::partition(id, PARTITIONS);
        if id % NULLS_EVERY == 7 {
            let without = Record { value: None, ..Record::of(Vec::new()).with_key("gone") };
            records.push(without.to_partition(partition));
        }
        records.push(Record::of(row(stored.schema_id, id + 1, "row")).to_partition(partition));
    }
    let count = i64::try_from(records.len())?;
    stored.scene.produce(records).await?;
    Ok(count)
}

/// Some change that a person might make, and often back again.
fn change(stored: &mut Stored, dice: &mut SmallRng) {
    let spec = &mut stored.spec;
    match dice.random_range(0..6) {
        0 => spec.state = State::Paused,
        1 | 2 => spec.state = State::Running,
        3 => {
            spec.state = State::Running;
            spec.batch.age_ms = dice.random_range(50..1_500);
        }
        4 => {
            let all = [NullValue::Skip, NullValue::Row, NullValue::DeadLetter];
            spec.source.null_value = all.choose(dice).copied().unwrap_or_default();
            spec.columns.metadata = Metadata::default();
            if dice.random() {
                spec.columns.metadata.0.push(MetadataColumn::Key);
            }
        }
        _ => stored.restarts += 1,
    }
}

/// Each row once, and no record twice, whatever it became.
async fn expect_each_once(stored: &StoredScene, rows: i64) -> anyhow::Result<()> {
    let sql = "SELECT countIf(id > 0), uniqExactIf(id, id > 0), max(id), \
               count() - uniqExact(_partition, _offset) FROM {t}";
    let found = stored.scene.sql(sql).await?;
    let wanted = format!("{rows}\t{rows}\t{rows}\t0");
    ensure!(found == wanted, "rows, different ones, the last, doubled: {found} not {wanted}");
    Ok(())
}
