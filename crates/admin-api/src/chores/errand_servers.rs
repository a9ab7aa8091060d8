//! A claimed errand in; rows, offsets, copies and topics deleted, or why not, out.

use std::time::Duration;

use service::problem::Problem;

use super::errand::Held;
use crate::{
    dead_letters, kafka,
    offsets::{self, PartitionOffset, Subject},
    problem,
    rest::offsets::refused,
    state::App,
};

/// How long the server may take to delete rows of some partitions.
const DELETED_WITHIN: Duration = Duration::from_secs(600);
/// Partitions in one question: as many as fit into one statement.
const AT_ONCE: usize = 200;
/// How long Kafka may take to have that copies of offsets are gone.
const FORGOTTEN_WITHIN: Duration = Duration::from_secs(10);

/// Deletes the rows that records of a reset will make once more.
pub(super) async fn delete_rows(app: &App, held: &mut Held) -> Result<(), Problem> {
    let Some(reset) = held.stored.reset.clone() else { return Ok(()) };
    let (client, spec) = (kafka::client(app.config()), held.stored.spec.clone());
    let subject = Subject {
        kafka: &client,
        namespace: &app.config().namespace,
        pipeline: &spec,
        target: app.target(),
    };
    for some in reset.offsets.chunks(AT_ONCE) {
        held.hold(app).await?;
        let some: Vec<PartitionOffset> = some
            .iter()
            .map(|at| PartitionOffset {
                topic: at.topic.clone(),
                partition: at.partition,
                offset: at.offset,
            })
            .collect();
        let removed = offsets::delete::remove(&subject, &some, DELETED_WITHIN).await;
        removed.map_err(|error| refused(&error))?;
    }
    Ok(())
}

/// Deletes what shall go with a pipeline that has drained.
pub(super) async fn purge(app: &App, held: &mut Held) -> Result<(), Problem> {
    let (spec, purge) = (held.stored.spec.clone(), held.stored.purge);
    let (namespace, admin) = (&app.config().namespace, kafka::client(app.config()));
    if purge.offsets {
        held.hold(app).await?;
        kafka::admin::delete_group(&admin, &spec.group(namespace)).await?;
        forget_copies(app, &spec.name).await?;
    }
    if purge.dead_letters {
        let topics = [
            dead_letters::topic(namespace, &spec.name),
            dead_letters::replay_topic(namespace, &spec.name),
        ];
        for topic in topics {
            held.hold(app).await?;
            kafka::admin::delete_topic(&admin, &topic).await?;
        }
    }
    Ok(())
}

/// Removes the copies of a pipeline's offsets from the status topic.
async fn forget_copies(app: &App, name: &str) -> Result<(), Problem> {
    let statuses = app.status();
    let writer = app.store().status_writer();
    let writer = writer.map_err(|error| crate::rest::pipelines::not_read(&error))?;
    for (_, topic, partition) in statuses.mirrors.keys().filter(|(of, ..)| of == name) {
        writer.remove_mirror(name, topic, *partition);
    }
    match writer.flush(FORGOTTEN_WITHIN).await {
        true => Ok(()),
        false => Err(problem::not_ready("kafka has not taken the removal of copies of offsets")),
    }
}
