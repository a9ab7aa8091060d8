//! Promise: a sink that is killed at any moment neither loses nor doubles a row.

use std::time::Duration;

use testkit::{Proxy, eventually};

use crate::fixture::{PATIENCE, SCHEMA, Scene};

const KILLS: usize = 6;
const PARTITIONS: i64 = 4;

/// What the sink is in the middle of when it is killed.
#[derive(Clone, Copy)]
enum Moment {
    /// Whatever it happens to be.
    Any,
    /// Rows are in, and it does not know.
    Inserted,
    /// Ranges are announced, and their inserts are on their way.
    Announced,
}

const MOMENTS: [Moment; 3] = [Moment::Any, Moment::Inserted, Moment::Announced];

#[tokio::test]
async fn kill_minus_nine_doubles_nothing() -> anyhow::Result<()> {
    let mut scene = Scene::new(4).await?;
    // The group waits as long for the one that was killed.
    scene.properties(&[r#""session.timeout.ms"="6000""#]);
    let direct = scene.clickhouse_url.clone();
    let id = scene.register(SCHEMA).await?;
    let (mut produced, mut replays) = (0, 0);
    for (kill, moment) in MOMENTS.into_iter().cycle().take(KILLS).enumerate() {
        let proxy = Proxy::start(&direct).await?;
        scene.clickhouse_url = proxy.url(&direct);
        let sink = scene.sink().await?;
        wave(&scene, id, &mut produced).await?;
        let before = scene.rows().await;
        eventually("rows arrive", PATIENCE, async || scene.rows().await > before).await?;
        match moment {
            Moment::Any => {
                wave(&scene, id, &mut produced).await?;
                tokio::time::sleep(Duration::from_millis(37 * kill as u64)).await;
            }
            Moment::Inserted => {
                scene.until_committed(produced).await?;
                proxy.delay_answers(Duration::from_secs(600)); // requests go through
                let before = scene.rows().await;
                wave(&scene, id, &mut produced).await?;
                eventually("rows arrive", PATIENCE, async || scene.rows().await > before).await?;
            }
            Moment::Announced => {
                scene.until_committed(produced).await?;
                proxy.pause();
                wave(&scene, id, &mut produced).await?;
                scene.until_announced().await?;
            }
        }
        replays += sink.log_count("range is replayed");
        sink.kill().await?;
        proxy.resume(); // what was on its way arrives beside the next one's
    }
    scene.clickhouse_url = direct;
    let sink = scene.sink().await?;
    scene.until_committed(produced).await?;
    scene.expect_ids(0..produced).await?;
    replays += sink.log_count("range is replayed");
    assert!(replays >= KILLS / 2, "{replays} ranges were replayed");
    assert!(sink.stop().await?.success());
    Ok(())
}

async fn wave(scene: &Scene, schema_id: u32, produced: &mut i64) -> anyhow::Result<()> {
    let wave = *produced..*produced + 2_000;
    *produced = wave.end;
    scene.produce_rows(schema_id, wave, PARTITIONS).await
}
