//! A topic in, the speed at which the producer fills it out.

use crate::{
    measured::Measured,
    process::Process,
    scene::{PATIENCE, Scene},
    usage::ended_children_cpu_seconds,
};

/// What the producer logs when it begins, and when all events are acknowledged.
pub(crate) const BEGINS: &str = "\"generating\"";
pub(crate) const ENDS: &str = "\"generator ended\"";

/// Runs a producer that fills `topic`. Its clock runs from its first event until all are
/// acknowledged.
pub(crate) async fn as_fast_as_possible(scene: &Scene, topic: &str) -> anyhow::Result<Measured> {
    scene.quiet().await?;
    let cpu = ended_children_cpu_seconds()?;
    let mut producer = Process::start("producer", &scene.producer(topic, scene.events, 0)?)?;
    let begun = producer.line(BEGINS, PATIENCE).await?;
    let ended = producer.line(ENDS, PATIENCE).await?;
    let start_s = (begun.at - producer.started).as_secs_f64();
    producer.ended().await?;
    Ok(Measured {
        wall_s: (ended.at - begun.at).as_secs_f64(),
        process_cpu_s: Some(ended_children_cpu_seconds()? - cpu),
        start_s: Some(start_s),
        ..Measured::default()
    })
}
