//! A topic in, the time and CPU out that consuming costs at least: poll and discard.

use std::{ffi::OsString, hint::black_box, time::Instant};

use anyhow::{Context as _, ensure};
use rdkafka::Message as _;
use sink::config::Config;

use crate::{
    measured::Measured,
    process::command,
    read,
    scene::Scene,
    usage::{own_cpu_seconds, own_peak_resident_bytes},
};

/// Arguments of the hidden subcommand: a sink's own, so that it consumes with its settings.
#[derive(Debug, clap::Args)]
pub(crate) struct Discard {
    /// Records to read.
    #[arg(long)]
    records: u64,
    #[command(flatten)]
    sink: sink::config::Args,
}

/// Runs poll and discard as a process of its own, in a group of its own.
pub(crate) async fn run(scene: &Scene, topic: &str) -> anyhow::Result<Measured> {
    scene.quiet().await?;
    let mut args: Vec<OsString> =
        vec!["discard".into(), "--records".into(), scene.events.to_string().into()];
    args.extend(scene.sink(&name(topic), topic, "discarded")?);
    let own = std::env::current_exe().context("find this program")?;
    let output = command(&own, &args).output().await.context("start poll and discard")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "poll and discard failed ({}):\n{complaint}", output.status);
    serde_json::from_slice(&output.stdout).context("read what poll and discard says")
}

/// What that process does. The clock runs from its assignment to the last record.
pub(crate) fn work(args: &Discard) -> anyhow::Result<String> {
    let started = Instant::now();
    let config = Config::load(&args.sink)?;
    let (assigned, consumer) = read::records(&config, args.records, |record| {
        black_box(record.payload());
        Ok(())
    })?;
    let measured = Measured {
        wall_s: assigned.elapsed().as_secs_f64(),
        process_cpu_s: Some(own_cpu_seconds()?),
        rss_bytes: Some(own_peak_resident_bytes()?),
        start_s: Some((assigned - started).as_secs_f64()),
        ..Measured::default()
    };
    drop(consumer); // leaves the group, which is not measured at the sink either
    serde_json::to_string(&measured).context("write the result")
}

fn name(topic: &str) -> String {
    format!("discard-{}", topic.replace('_', "-"))
}
