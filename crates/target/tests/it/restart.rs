//! Promise: a server that goes away, also in the middle of an insert, loses and doubles nothing.

use std::time::Duration;

use anyhow::{Context, Result};
use target::{Disposition, InsertError};
use testkit::{Part, eventually, own_stack};

use crate::{fixture::Fixture, native};

/// Longest wait for a server to come or an insert to begin.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_killed_server_has_every_block_once_after_it_is_asked_again() -> Result<()> {
    let own = own_stack(&[Part::ClickHouse], |_| {}).await?;
    let fixture = Fixture::on(&own.servers()?).await?;
    // Slow on purpose: two seconds for the block, so that it can be killed in between.
    fixture
        .table(
            "(id UInt64, slow UInt8 DEFAULT sleepEachRow(0.001)) ENGINE = MergeTree \
             PARTITION BY id % 3 ORDER BY id SETTINGS non_replicated_deduplication_window = 100",
        )
        .await?;
    let tables = [(fixture.database.clone(), "t".to_owned())];
    let data = native::numbers(0..2000);
    let chunks = native::block(2000, &[("id", "UInt64", data)]);
    let insert = async |token: &'static str| {
        fixture.target.insert(&fixture.insert("id", token, 2000, &chunks)).await
    };

    insert("before").await?;
    let used = fixture.target.window_used(&tables).await?;
    let running = async {
        let inserts = "SELECT count() FROM system.processes WHERE query_kind = 'Insert'";
        eventually("the insert runs", PATIENCE, async || {
            fixture.query(inserts).await.is_ok_and(|count| count == "1")
        })
        .await?;
        own.stack().kill(Part::ClickHouse).await.context("kill the server")
    };
    let (inserted, killed) = tokio::join!(insert("during"), running);
    killed?;
    let error = inserted.err().context("the insert outlived its server")?;
    assert!(matches!(error, InsertError::Unreachable(_)), "{error}");
    assert_eq!((error.disposition(), error.needs_person()), (Disposition::Retry, false));

    let error = insert("during").await.err().context("nobody listens")?;
    assert_eq!((error.disposition(), error.needs_person()), (Disposition::Retry, false), "{error}");
    let error = fixture.guarantee().await.err().context("nobody listens")?;
    assert_eq!(error.disposition(), Disposition::Retry, "{error}");

    own.stack().restart(Part::ClickHouse).await?;
    let after = fixture.target.window_used(&tables).await?;
    assert!(used.is_some_and(|used| used >= 3) && after >= used, "{used:?} {after:?}");
    for token in ["during", "before", "during"] {
        insert(token).await?;
    }
    let found = fixture.query("SELECT count(), uniqExact(id) FROM {db}.t").await?;
    assert_eq!(found, "4000\t2000");
    own.stop().await
}
