//! Promise: an export has every letter that was there, whole, one per line.

use std::time::Duration;

use admin_api::dead_letters::{ExportLimits, Filter, export};
use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use testkit::Record;

use crate::scene::Scene;

async fn lines(scene: &Scene, filter: Filter, limits: ExportLimits) -> Result<Vec<Value>> {
    let lines: Vec<String> = export(&scene.source(), filter, limits).try_collect().await?;
    let parse = |line: &String| {
        assert!(line.ends_with('\n') && line.matches('\n').count() == 1, "one line: {line}");
        serde_json::from_str(line).context("a line of JSON")
    };
    lines.iter().map(parse).collect()
}

fn numbers(lines: &[Value]) -> Vec<i64> {
    lines.iter().filter_map(|line| line["source"]["offset"].as_i64()).collect()
}

#[tokio::test]
async fn every_letter_is_a_line_and_nothing_is_cut() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    let none = lines(&scene, Filter::default(), ExportLimits::default()).await?;
    assert!(none.is_empty(), "there is no topic");

    let letter = |n| scene.letter(i32::from(n % 2 == 1), n, 1_000);
    let mut letters: Vec<Record> = (0..40).map(letter).collect();
    letters[3].value = Some(vec![b'\n'; 200_000]);
    letters[4].value = None;
    letters[5].value = Some(vec![0xff, 0x0a]);
    scene.dead_letters(letters).await?;
    let all = lines(&scene, Filter::default(), ExportLimits::default()).await?;
    assert_eq!(numbers(&all), (0..40).collect::<Vec<_>>());
    assert_eq!(all[3]["value"]["hex"].as_str().map(str::len), Some(400_000));
    assert_eq!(all[3]["value"]["truncated"], false);
    assert_eq!((&all[4]["value"], &all[5]["value"]["hex"]), (&Value::Null, &"ff0a".into()));
    let filter = Filter { partition: Some(1), ..Filter::default() };
    let some = lines(&scene, filter, ExportLimits::default()).await?;
    assert_eq!(numbers(&some), (0..40).filter(|n| n % 2 == 1).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn limits_are_told_in_the_last_line() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    scene.dead_letters((0..10).map(|n| scene.letter(0, n, 1_000)).collect()).await?;
    let limits = |letters_max| ExportLimits { letters_max, ..ExportLimits::default() };
    let some = lines(&scene, Filter::default(), limits(4)).await?;
    assert_eq!(numbers(&some), [0, 1, 2, 3]);
    assert_eq!(some.get(4).map(|line| &line["truncated"]), Some(&Value::Bool(true)));
    let all = lines(&scene, Filter::default(), limits(10)).await?;
    assert_eq!((all.len(), numbers(&all).len()), (10, 10));

    // Lines are taken too slowly: the time ends it.
    let more = (10..60).map(|n| scene.letter(0, n, 1_000));
    scene.kafka().produce(&scene.letters(), more).await?;
    let limits = ExportLimits { time_max: Duration::from_millis(300), ..ExportLimits::default() };
    let mut slow = Box::pin(export(&scene.source(), Filter::default(), limits));
    let mut last = None;
    while let Some(line) = slow.next().await {
        tokio::time::sleep(Duration::from_millis(200)).await;
        last = Some(line?);
    }
    assert!(last.is_some_and(|last| last.contains("took too long")));
    Ok(())
}
