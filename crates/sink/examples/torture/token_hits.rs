//! ClickHouse's own count in, a sign for each block out that it dropped for its token.

use std::time::Duration;

use tokio::time;

use crate::{
    kind::Sign,
    scene::Scene,
    signs::{Seen, Signs},
};

/// How often one asks. What happens between the last answer and a `kill -9` is not counted.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Blocks that were dropped since the server started.
const DROPPED: &str =
    "SELECT sum(value) FROM system.events WHERE event = 'DuplicatedInsertedBlocks'";

/// Counts for ever. The count of the server begins anew with it.
pub(crate) async fn run(scene: &Scene, signs: &Signs) -> anyhow::Result<()> {
    let clickhouse = scene.clickhouse();
    let mut before = clickhouse.count(DROPPED).await?;
    loop {
        time::sleep(ASK_EVERY).await;
        let Ok(now) = clickhouse.count(DROPPED).await else { continue };
        let since = if now < before { 0 } else { before };
        for _ in since..now {
            signs.saw(Seen { sign: Sign::TokenHit, sink: None, partition: None });
        }
        before = now;
    }
}
