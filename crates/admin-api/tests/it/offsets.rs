//! Promise: a reset says beforehand what it does, and saying it changes nothing.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use admin_api::offsets::{self, Limits, OffsetsError, Plan, Way};
use anyhow::{Result, ensure};
use pipeline_spec::Pipeline;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::scene::Scene;

/// Partition, committed, offset, come again, skipped, rows to delete.
type Row = (i32, Option<i64>, i64, u64, u64, Option<u64>);

fn rows(plan: &Plan) -> Vec<Row> {
    let of = |p: &admin_api::offsets::PartitionPlan| {
        (p.partition, p.committed, p.offset, p.come_again, p.skipped, p.rows_to_delete)
    };
    plan.partitions.iter().map(of).collect()
}

fn explicit(scene: &Scene, offsets: &[(i32, i64)]) -> Way {
    let named =
        |(partition, offset): &(i32, i64)| (format!("{}/{partition}", scene.topic), *offset);
    Way::Explicit { offsets: offsets.iter().map(named).collect() }
}

/// Ten records in each of two partitions; committed, and in the table, up to 5 and up to 7.
async fn filled() -> Result<Scene> {
    let scene = Scene::with_table(2, "", "MergeTree ORDER BY _offset").await?;
    for (partition, committed) in [(0, 5), (1, 7)] {
        scene.produce(partition, 10).await?;
        scene.rows(partition, 0..committed).await?;
    }
    scene.kafka().commit(&scene.group(), &scene.topic, &[(0, 5), (1, 7)]).await?;
    Ok(scene)
}

#[tokio::test]
async fn every_way_says_what_it_does_and_changes_nothing() -> Result<()> {
    let scene = filled().await?;
    let before = scene.kafka().committed(&scene.group(), &scene.topic).await?;
    let (c0, c1) = (Some(5), Some(7));
    let cases: [(Way, [Row; 2]); 7] = [
        (Way::Earliest, [(0, c0, 0, 5, 0, Some(5)), (1, c1, 0, 7, 0, Some(7))]),
        (Way::Latest, [(0, c0, 10, 0, 5, Some(0)), (1, c1, 10, 0, 3, Some(0))]),
        // The record of offset n has the time (n + 1) * 1000.
        (Way::Timestamp { at_ms: 0 }, [(0, c0, 0, 5, 0, Some(5)), (1, c1, 0, 7, 0, Some(7))]),
        (Way::Timestamp { at_ms: 3_001 }, [(0, c0, 3, 2, 0, Some(2)), (1, c1, 3, 4, 0, Some(4))]),
        (
            Way::Timestamp { at_ms: 10_001 },
            [(0, c0, 10, 0, 5, Some(0)), (1, c1, 10, 0, 3, Some(0))],
        ),
        (
            explicit(&scene, &[(0, 6), (1, 1)]),
            [(0, c0, 6, 0, 1, Some(0)), (1, c1, 1, 6, 0, Some(6))],
        ),
        (Way::Table, [(0, c0, 5, 0, 0, Some(0)), (1, c1, 7, 0, 0, Some(0))]),
    ];
    for (way, expected) in cases {
        let plan = scene.plan(&way).await?;
        assert_eq!(rows(&plan), expected, "{way:?}");
        assert_eq!(plan.to, way.word());
        assert_eq!(plan.come_again, expected[0].3 + expected[1].3, "{way:?}");
        assert!(plan.warnings.is_empty() && plan.left_alone.is_empty(), "{plan:?}");
    }
    assert_eq!(scene.kafka().committed(&scene.group(), &scene.topic).await?, before);
    Ok(())
}

#[tokio::test]
async fn only_partitions_that_are_named_are_set() -> Result<()> {
    let scene = filled().await?;
    let plan = scene.plan(&explicit(&scene, &[(1, 10)])).await?;
    assert_eq!(rows(&plan), [(1, Some(7), 10, 0, 3, Some(0))]);
    assert_eq!((plan.left_alone.len(), plan.left_alone[0].partition), (1, 0));
    assert_eq!(plan.offsets().len(), 1);

    let mirrors = BTreeMap::from([((scene.topic.clone(), 0), 4), ((scene.topic.clone(), 9), 1)]);
    let plan = scene.plan_with(&Way::Mirror, &mirrors).await?;
    assert_eq!(rows(&plan), [(0, Some(5), 4, 1, 0, Some(1))]);
    let error = scene.plan(&Way::Mirror).await;
    assert!(matches!(error, Err(OffsetsError::Refused(_))), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn what_retention_took_is_refused_or_replaced_by_the_nearest() -> Result<()> {
    let scene = filled().await?;
    scene.kafka().delete_records(&scene.topic, 0, 6).await?;
    let refused = scene.refusal(&explicit(&scene, &[(0, 5), (1, 11)])).await?;
    let pointer = |partition| format!("/offsets/{}~1{partition}", scene.topic);
    assert_eq!(
        refused,
        [
            (pointer(0), "Kafka has offsets 6 to 10 of it, where 10 is next".to_owned()),
            (pointer(1), "Kafka has offsets 0 to 10 of it, where 10 is next".to_owned()),
        ]
    );
    let earliest = scene.plan(&Way::Earliest).await?;
    // 5 is gone: it neither comes again nor is it passed over.
    assert_eq!(rows(&earliest)[0], (0, Some(5), 6, 0, 0, Some(0)));
    let mirrors = BTreeMap::from([((scene.topic.clone(), 0), 2), ((scene.topic.clone(), 1), 99)]);
    let plan = scene.plan_with(&Way::Mirror, &mirrors).await?;
    let told: Vec<_> = plan.partitions.iter().map(|p| (p.offset, p.asked, p.low, p.high)).collect();
    assert_eq!(told, [(6, Some(2), 6, 10), (10, Some(99), 0, 10)]);
    Ok(())
}

#[tokio::test]
async fn another_group_is_taken_over_from() -> Result<()> {
    let scene = filled().await?;
    let other = format!("connect-{}", scene.namespace);
    let way = Way::Group { group: other.clone() };
    let (pointer, message) = scene.refusal(&way).await?.remove(0);
    assert!(pointer == "/group" && message.contains("committed nothing"), "{message}");
    let own = Way::Group { group: scene.group() };
    assert_eq!(scene.refusal(&own).await?[0].0, "/group");

    scene.kafka().commit(&other, &scene.topic, &[(1, 3)]).await?;
    let plan = scene.plan(&way).await?;
    assert_eq!(rows(&plan), [(1, Some(7), 3, 4, 0, Some(4))]);
    assert!(plan.left_alone[0].why.contains(&other) && plan.warnings.is_empty(), "{plan:?}");

    // While it has members, it goes on.
    let member: BaseConsumer = scene.client.clone().set("group.id", &other).create()?;
    member.subscribe(&[&scene.topic])?;
    let joined = Instant::now() + Duration::from_secs(30);
    while scene.kafka().group(&other).await?.is_none_or(|group| group.members.is_empty()) {
        ensure!(Instant::now() < joined, "the member does not join");
        drop(member.poll(Duration::from_millis(100)));
    }
    let plan = scene.plan(&way).await?;
    assert!(plan.warnings[0].contains("1 members"), "{:?}", plan.warnings);
    Ok(())
}

#[tokio::test]
async fn a_group_or_table_that_is_not_there_is_no_obstacle_but_a_topic_is() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    scene.produce(0, 3).await?;
    let plan = scene.plan(&Way::Earliest).await?;
    assert_eq!(rows(&plan), [(0, None, 0, 0, 0, Some(0))]);

    let mut scene = scene;
    let text =
        "{name: p, source: {topics: [test_nobody_has_this]}, target: {database: d, table: t}}";
    scene.pipeline = Pipeline::from_yaml(text)?;
    let (_, message) = scene.refusal(&Way::Earliest).await?.remove(0);
    assert_eq!(message, "topic test_nobody_has_this does not exist");
    Ok(())
}

#[tokio::test]
async fn a_plan_that_takes_too_long_is_given_up() -> Result<()> {
    let scene = filled().await?;
    let limits = Limits { time_max: Duration::ZERO, ..Limits::default() };
    let none = BTreeMap::new();
    let plan = offsets::plan(&scene.subject(), &Way::Table, &none, &limits, &|_| {}).await;
    assert!(matches!(plan, Err(OffsetsError::TimedOut(_))), "{plan:?}");
    Ok(())
}
