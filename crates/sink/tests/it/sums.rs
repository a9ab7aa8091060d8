//! Promise: sums that materialized views keep of a table are exact, whenever the sink is killed.

use std::time::Duration;

use testkit::{Migrations, Proxy, Record, eventually};

use crate::{
    fixture::{PATIENCE, Scene, framed, long, partition, string},
    process::Sink,
};

const SCHEMA: &str = include_str!("../../../../schemas/sales.avsc");
const PARTITIONS: i64 = 3;
const WAVE: i64 = 1_500;
/// 2026-07-01 12:00:00.
const NOON_MS: i64 = 1_782_907_200_000;

/// The `n`-th sale; of every tenth a piece is brought back, every seventh is days late.
fn sale(schema_id: u32, n: i64) -> Record {
    let qty = if n % 10 == 0 { -1 } else { 1 + n % 3 };
    let late = if n % 7 == 0 { 86_400_000 * (n % 4) } else { 0 };
    let cents = (100 + n % 1_000).to_be_bytes();
    let fields = [
        string(&format!("00000000-0000-0000-0000-{n:012}")),
        long(1 + n % 5),
        long(n % 50),
        long(qty),
        [long(8), cents.to_vec()].concat(),
        long(n % 4),
        long(n % 3),
        long(0), // no customer
        long(0), // no promotion
        long(0), // no tags
        long(0), // no attributes
        long(NOON_MS + n * 100 - late),
    ];
    Record::of(framed(schema_id, &fields.concat())).to_partition(partition(n, PARTITIONS))
}

async fn wave(scene: &Scene, schema_id: u32, produced: &mut i64) -> anyhow::Result<()> {
    let wave = *produced..*produced + WAVE;
    *produced = wave.end;
    scene.produce(wave.map(|n| sale(schema_id, n)).collect()).await.map(drop)
}

/// Checks the rows, and that each sum is that of the rows.
async fn expect(scene: &Scene, sales: i64) -> anyhow::Result<()> {
    let rows = scene.sql("SELECT count(), uniqExact(event_id) FROM {t}").await?;
    assert_eq!(rows, format!("{sales}\t{sales}"), "rows, and how many of them differ");
    let sums = "count() AS sales, sum(qty), -sumIf(qty, qty < 0), sum(qty * unit_price)";
    let kept = "sum(sales), sum(pieces), sum(returned), sum(revenue)";
    for (table, key, wanted) in [
        ("sales_by_minute", "minute, currency, channel", "toStartOfMinute(ts) AS minute"),
        ("sales_by_hour", "hour, store_id, currency, channel", "toStartOfHour(ts) AS hour"),
    ] {
        let found =
            format!("SELECT {key}, {kept} FROM {{db}}.{table} GROUP BY {key} ORDER BY {key}");
        let wanted = format!(
            "SELECT {wanted}, {}, {sums} FROM {{t}} GROUP BY {key} ORDER BY {key}",
            key.split_once(", ").map_or("", |(_, rest)| rest)
        );
        let (found, wanted) = (scene.sql(&found).await?, scene.sql(&wanted).await?);
        let differs = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
        assert_eq!(differs, None, "{table}: the first sum that is not that of its rows");
        assert_eq!(found.lines().count(), wanted.lines().count(), "{table}");
    }
    Ok(())
}

/// Waits until more rows are in than the sink has been told of, and kills it.
async fn killed_in_the_dark(
    scene: &Scene,
    sink: Sink,
    (proxy, id): (&Proxy, u32),
    produced: &mut i64,
) -> anyhow::Result<()> {
    scene.until_committed(*produced).await?;
    proxy.delay_answers(Duration::from_secs(600)); // requests go through
    let before = scene.rows().await;
    wave(scene, id, produced).await?;
    eventually("rows arrive", PATIENCE, async || scene.rows().await > before).await?;
    sink.kill().await
}

#[tokio::test]
async fn a_killed_sink_counts_no_sale_twice() -> anyhow::Result<()> {
    let mut scene = Scene::new(3).await?;
    let servers = testkit::stack().await?;
    Migrations::new(&servers.clickhouse(), &servers.admin, &scene.database)?.apply(&[]).await?;
    scene.table_name = "sales";
    scene.target = ", create: false".to_owned();
    scene.properties(&[r#""session.timeout.ms"="6000""#]);
    let direct = scene.clickhouse_url.clone();
    let id = scene.register(SCHEMA).await?;
    let (mut produced, mut replays) = (0, 0);
    for _ in 0..3 {
        let proxy = Proxy::start(&direct).await?;
        scene.clickhouse_url = proxy.url(&direct);
        let sink = scene.sink().await?;
        wave(&scene, id, &mut produced).await?;
        sink.until_metric("penstock_sink_exactly_once", "", 1.0).await?;
        scene.until_committed(produced).await?;
        replays += sink.log_count("range is replayed");
        killed_in_the_dark(&scene, sink, (&proxy, id), &mut produced).await?;
    }
    scene.clickhouse_url = direct;
    let sink = scene.sink().await?;
    scene.until_committed(produced).await?;
    replays += sink.log_count("range is replayed");
    assert!(replays >= 3, "{replays} ranges were replayed");
    expect(&scene, produced).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}
