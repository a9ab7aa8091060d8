//! Promise: a schema that does not fit the table stops its partition; nothing goes to the dead
//! letters, and what came before it has landed.

use testkit::{Record, eventually};

use crate::fixture::{PATIENCE, SCHEMA, Scene, framed, row, string};

const INCOMPATIBLE: &str = r#"{"type":"record","name":"Row","fields":[
    {"name":"id","type":"string"},{"name":"note","type":"string"}]}"#;

#[tokio::test]
async fn an_incompatible_schema_stops_only_its_partition() -> anyhow::Result<()> {
    let scene = Scene::new(2).await?;
    let good = scene.register(SCHEMA).await?;
    scene.servers.registry().set_compatibility(&format!("{}-value", scene.topic), "NONE").await?;
    let misfit = scene.register(INCOMPATIBLE).await?;
    let to = |partition, value| Record::of(value).to_partition(partition);

    let sink = {
        scene.produce((0..10).map(|n| to(0, row(good, n, "before"))).collect()).await?;
        let sink = scene.sink().await?; // creates the table from the good schema
        scene.until_rows(10).await?;
        sink
    };
    let text = [string("not a number"), string("misfit")].concat();
    scene.produce(vec![to(0, framed(misfit, &text))]).await?;
    scene.produce((10..20).map(|n| to(0, row(good, n, "behind"))).collect()).await?;
    eventually("the partition has stopped", PATIENCE, async || {
        let label = "reason=\"schema-mismatch\"";
        sink.metric("penstock_sink_stopped_partitions", label).await.is_ok_and(|found| found == 1.0)
    })
    .await?;
    scene.produce((100..200).map(|n| to(1, row(good, n, "other"))).collect()).await?;
    scene.until_committed(110).await?;

    scene.expect_ids((0..10).chain(100..200)).await?;
    let committed = scene.kafka().committed(&scene.group(), &scene.topic).await?;
    assert_eq!(committed[&0].offset, 10, "the record that does not fit is not passed");
    let letters = scene.kafka().read_all(&scene.dead_letter_topic()).await?;
    assert!(letters.is_empty(), "{} dead letters", letters.len());
    assert!(sink.log_has("schema does not fit"));
    assert!(sink.stop().await?.success());
    Ok(())
}
