//! Promise: one POST, and rows arrive; more sinks share the work; restarts of anything change
//! nothing.

use super::world::World;

#[tokio::test]
async fn a_created_pipeline_moves_rows_through_restarts_of_everything() -> anyhow::Result<()> {
    let world = World::new(4).await?;
    let api = world.api().await?;
    let one = world.sink()?;
    world.produce(0..1_000, 4).await?;
    api.create(world.document("")).await?;
    world.until_rows(1_000).await?;
    api.until_state("running").await?;

    let two = world.sink()?;
    api.until_status("both sinks have partitions", |status| {
        let instances = status["instances"].as_array();
        instances.is_some_and(|found| {
            let sizes = found.iter().filter_map(|one| one["partitions"].as_array());
            found.len() == 2 && sizes.filter(|partitions| partitions.len() >= 2).count() == 2
        })
    })
    .await?;
    world.produce(1_000..2_000, 4).await?;
    world.until_rows(2_000).await?;
    api.stop().await?;
    one.kill().await?;
    world.produce(2_000..3_000, 4).await?;
    world.until_rows(3_000).await?; // without an admin API, and with one sink less

    let api = world.api().await?;
    two.stop().await?;
    let three = world.sink()?;
    world.produce(3_000..4_000, 4).await?;
    world.until_rows(4_000).await?;
    world.until_committed(4_000).await?;
    world.expect(4_000, 1).await?;
    api.until_state("running").await?;
    three.stop().await?;
    api.stop().await
}
