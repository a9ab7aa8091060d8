//! The size of a run in, everything that happened in it out.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use rand::{SeedableRng as _, rngs::SmallRng};
use testkit::eventually;
use tokio::time;

use crate::{
    disrupt::{Disrupt, LANES, Lane},
    outcome::Outcome,
    plan::{Form, Plan},
    produce::Producer,
    progress,
    report::Phase,
    scene::{NAMESPACE, Scene},
    sinks::{Name, Sinks},
    slow_commits,
    stored::Follow,
    token_hits,
    watch::Watch,
};

/// Longest time until the first rows are in the table.
const BEGIN_MAX: Duration = Duration::from_secs(60);
/// Longest time from the end of the last disruption until everything is committed.
const DRAIN_MAX: Duration = Duration::from_secs(120);
/// How often one says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Runs sinks and producer, disrupts them, and counts.
pub(crate) async fn run(scene: &Scene, form: Form, seed: u64) -> anyhow::Result<Phase> {
    let logs = log_folder(&form)?;
    // It holds the state of all lanes: too much for the stack of whoever waits.
    let phase = Box::pin(work(scene, form, seed, &logs)).await;
    let bad = phase.as_ref().map_or(true, |phase| !phase.holds());
    if bad {
        scene.keep_logs(&logs).context("keep the logs of the servers")?;
        progress(&format!("logs of sinks, producer and servers: {}", logs.display()));
    }
    phase
}

async fn work(scene: &Scene, form: Form, seed: u64, logs: &Path) -> anyhow::Result<Phase> {
    scene.prepare(&form).await?;
    let follow = Follow::store(scene, Scene::pipeline(&form)?).await?;
    let watch = Watch::of(form.name);
    let program = if form.intents { "sink" } else { "sink-without-intents" };
    let args = scene.sink(&form)?;
    let sinks = Sinks::new(scene.stack()?, &watch, binary(program)?, args, logs);
    for name in Name::BOTH {
        sinks.start(name).await?;
    }
    let args = scene.producer(&form, seed)?;
    let producer = Producer::start(scene, binary("producer")?, args, logs).await?;
    let rows = async || rows(scene, &form).await.is_some_and(|rows| rows > 0);
    eventually("rows in the table", BEGIN_MAX, rows).await?;
    let plan = Plan::new(form);

    let background = async {
        tokio::try_join!(
            watch.run(),
            sinks.keep(),
            token_hits::run(scene, &watch.signs),
            slow_commits::run(&watch),
            tell(scene, &plan),
        )
    };
    let disrupt = Disrupt { scene, sinks: &sinks, watch: &watch, form: &form };
    let course = async {
        let [a, b, clickhouse, kafka] = LANES;
        let lanes = async {
            tokio::try_join!(
                lane(disrupt, &plan, a, seed),
                lane(disrupt, &plan, b, seed.wrapping_add(1)),
                lane(disrupt, &plan, clickhouse, seed.wrapping_add(2)),
                lane(disrupt, &plan, kafka, seed.wrapping_add(3)),
            )
        };
        tokio::select! {
            lanes = lanes => { lanes?; }
            ended = producer.count(&plan) => ended?,
        }
        let produced = producer.stop().await?;
        progress(&format!("{produced} events produced, the last disruption is over: draining"));
        let drained = until_committed(scene, &form, produced).await;
        let told = follow.until_told().await;
        Ok::<_, anyhow::Error>((produced, drained, told))
    };
    let (produced, drained, told) = tokio::select! {
        ended = course => ended?,
        // Ends only with an error.
        failed = background => { failed?; bail!("the sinks are watched no longer") }
    };
    let stopped = sinks.stop().await;
    let gone = follow.until_gone().await;
    let wall = plan.started.elapsed();
    // Whatever went wrong: how many rows there are says most about it.
    let outcome = Outcome::of(scene, &form, produced, logs).await?;
    let mut problems = plan.problems();
    let ends = [drained, told, stopped, gone].into_iter();
    problems.extend(ends.filter_map(Result::err).map(|error| format!("{error:#}")));
    let (tally, signs) = (plan.tally(), watch.signs.totals());
    Ok(Phase { form, seed, wall, tally, signs, outcome, problems })
}

/// One disruption after the other until the plan is carried out.
async fn lane(disrupt: Disrupt<'_>, plan: &Plan, lane: Lane, seed: u64) -> anyhow::Result<()> {
    let mut random = SmallRng::seed_from_u64(seed);
    loop {
        plan.pause(&lane, &mut random).await;
        if plan.over() {
            return Ok(());
        }
        let Some(kind) = plan.next(lane.kinds, &mut random) else { return Ok(()) };
        let sign = disrupt.run(kind, lane.sink, &mut random).await.context(kind.short())?;
        plan.done(kind, sign);
        let bite = sign.map_or("nothing seen, to be repeated", |sign| sign.title());
        progress(&format!(
            "{:>6.1} s  {}: {bite}",
            plan.started.elapsed().as_secs_f64(),
            kind.short()
        ));
    }
}

/// Says how far the run is, for ever.
async fn tell(scene: &Scene, plan: &Plan) -> anyhow::Result<()> {
    loop {
        time::sleep(TELL_EVERY).await;
        let seconds = plan.started.elapsed().as_secs();
        let produced = plan.produced.load(Ordering::Relaxed);
        let rows = rows(scene, &plan.form).await.map_or("-".to_owned(), |rows| rows.to_string());
        progress(&format!("{seconds} s: {produced} events, {rows} rows; {}", plan.line()));
    }
}

/// None while ClickHouse does not answer.
async fn rows(scene: &Scene, form: &Form) -> Option<u64> {
    let sql = format!("SELECT count() FROM shop.{}", form.table());
    let clickhouse = scene.clickhouse();
    time::timeout(TELL_EVERY, clickhouse.count(&sql)).await.ok()?.ok()
}

/// An offset is committed after its row: then all is in the table.
async fn until_committed(scene: &Scene, form: &Form, produced: u64) -> anyhow::Result<()> {
    let (kafka, group) = (scene.kafka(), format!("{NAMESPACE}.{}", form.name));
    let mut committed = 0;
    let all = async || {
        committed = kafka.committed_sum(&group, form.name).await.unwrap_or(committed);
        u64::try_from(committed).is_ok_and(|committed| committed >= produced)
    };
    let drained = eventually("all events are committed", DRAIN_MAX, all).await;
    drained.with_context(|| format!("{committed} of {produced} events are committed"))
}

/// A new and empty folder for the logs of a run.
fn log_folder(form: &Form) -> anyhow::Result<PathBuf> {
    let build = build_folder()?;
    let target = build.parent().context("find the target folder")?;
    let folder = target.join("torture").join(form.name);
    if folder.exists() {
        fs::remove_dir_all(&folder).context("remove the logs of the run before")?;
    }
    fs::create_dir_all(&folder).context("make a folder for logs")?;
    Ok(folder)
}

/// A program that was built with this one.
fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let path = build_folder()?.join(name);
    ensure!(path.exists(), "{name} is missing: `cargo xtask torture` builds it");
    Ok(path)
}

/// `<target dir>/<profile>`, of this program in `<target dir>/<profile>/examples`.
fn build_folder() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("find this program")?;
    Ok(own.parent().and_then(Path::parent).context("find the build folder")?.to_owned())
}
