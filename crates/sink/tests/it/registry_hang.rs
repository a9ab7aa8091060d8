//! Promise: a schema that the registry does not answer for holds up only the partition that needs
//! it: the others go on, and the group does not rebalance.

use std::time::{Duration, Instant};

use testkit::{Proxy, Record, eventually};

use crate::fixture::{PATIENCE, SCHEMA, Scene, framed, long, partition, row, string};

const NEWER: &str = r#"{"type":"record","name":"Row","fields":[
    {"name":"id","type":"long"},{"name":"note","type":"string"},
    {"name":"more","type":"long","default":0}]}"#;

/// How long the registry hangs.
const HANGS: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_registry_that_hangs_stops_nobody_else() -> anyhow::Result<()> {
    let mut scene = Scene::new(4).await?;
    let proxy = Proxy::start(&scene.servers.registry).await?;
    scene.registry_url = proxy.url(&scene.servers.registry);
    // A session far shorter than the hang: a worker that waited would be thrown out.
    let properties = r#"{"session.timeout.ms"="6000","heartbeat.interval.ms"="1000","max.poll.interval.ms"="6000"}"#;
    scene.env.push(("SINK__KAFKA__PROPERTIES", properties.to_owned()));
    let old = scene.register(SCHEMA).await?;
    let new = scene.register(NEWER).await?;

    let to = |partition, value| Record::of(value).to_partition(partition);
    scene.produce((0..4).map(|n| to(partition(n, 4), row(old, n, "known"))).collect()).await?;
    let sink = scene.sink().await?;
    scene.until_committed(4).await?;

    proxy.pause();
    let hangs = Instant::now();
    let newer = |id| framed(new, &[long(id), string("newer"), long(1)].concat());
    scene.produce((1_000..1_100).map(|n| to(0, newer(n))).collect()).await?;
    eventually("the new schema is asked for", PATIENCE, async || {
        sink.log_has(&format!("\"schema_id\":{new}"))
    })
    .await?;
    let (mut next, mut rows) = (4, 4);
    while hangs.elapsed() < HANGS {
        let records = (next..next + 30).map(|n| to(1 + partition(n, 3), row(old, n, "meanwhile")));
        scene.produce(records.collect()).await?;
        (next, rows) = (next + 30, rows + 30);
        scene.until_rows(rows).await?;
    }
    let committed = scene.kafka().committed(&scene.group(), &scene.topic).await?;
    assert_eq!(committed[&0].offset, 1, "the waiting partition has passed nothing");

    proxy.resume();
    scene.until_rows(rows + 100).await?;
    scene.until_committed(next + 100).await?;
    scene.expect_ids((0..next).chain(1_000..1_100)).await?;
    assert_eq!(sink.log_count("partition assigned"), 4, "the group has rebalanced");
    assert_eq!(sink.log_count("partition given up"), 0, "the group has rebalanced");
    let letters = scene.kafka().read_all(&scene.dead_letter_topic()).await?;
    assert!(letters.is_empty(), "{} dead letters", letters.len());
    assert!(sink.stop().await?.success());
    Ok(())
}
