//! Promise: every dead letter can be looked at, whatever is in it, and paging misses none.

use std::time::Duration;

use admin_api::dead_letters::{
    DeadLettersError, Filter, Letter, LetterId, Order, Page, PageQuery, Source, one, page,
};
use anyhow::{Context as _, Result};
use registry_client::{Client, Settings};
use serde_json::json;
use testkit::{Record, avro::framed, unique};

use crate::scene::Scene;

fn query(limit: usize) -> PageQuery {
    PageQuery { limit, ..PageQuery::default() }
}

fn offsets(letters: &[Letter]) -> Vec<i64> {
    letters.iter().map(|letter| letter.id.offset).collect()
}

/// Letters of ten records, without a table.
async fn filled(letters: i64) -> Result<Scene> {
    let scene = Scene::new(1, "").await?;
    let letters = (0..letters).map(|offset| scene.letter(0, offset, 1_000)).collect();
    scene.dead_letters(letters).await?;
    Ok(scene)
}

async fn pages(scene: &Scene, order: Order, between: bool) -> Result<Vec<Vec<i64>>> {
    let mut pages = Vec::new();
    let mut wanted = PageQuery { order, ..query(10) };
    loop {
        let found = page(&scene.source(), &wanted).await?;
        pages.push(offsets(&found.letters));
        if found.next.is_none() {
            return Ok(pages);
        }
        wanted.cursor = found.next;
        if between && pages.len() == 1 {
            let late = (100..103).map(|offset| scene.letter(0, offset, 1_000));
            scene.kafka().produce(&scene.letters(), late).await?;
        }
    }
}

#[tokio::test]
async fn pages_follow_each_other_while_letters_arrive() -> Result<()> {
    let scene = filled(25).await?;
    let newest = pages(&scene, Order::Newest, true).await?;
    let down = |from: i64, to: i64| (to..=from).rev().collect::<Vec<_>>();
    assert_eq!(newest, [down(24, 15), down(14, 5), down(4, 0)]);
    let scene = filled(25).await?;
    let oldest = pages(&scene, Order::Oldest, true).await?;
    let up = |from: i64, to: i64| (from..=to).collect::<Vec<_>>();
    assert_eq!(oldest, [up(0, 9), up(10, 19), up(20, 27)]);
    // A page that takes all there is has no next one.
    let all = page(&scene.source(), &query(28)).await?;
    assert_eq!((all.letters.len(), all.next, all.total), (28, None, 28));
    Ok(())
}

#[tokio::test]
async fn pages_go_on_in_the_next_partition() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    scene.kafka().create_topic(&scene.letters(), 3, &[]).await?;
    let letter = |n: i32| scene.letter(0, n.into(), 0).to_partition(n % 3);
    scene.kafka().produce(&scene.letters(), (0..15).map(letter)).await?;
    for order in [Order::Newest, Order::Oldest] {
        let mut seen = Vec::new();
        let mut wanted = PageQuery { order, ..query(4) };
        loop {
            let found = page(&scene.source(), &wanted).await?;
            seen.extend(found.letters.iter().filter_map(|letter| letter.source.clone()));
            let Some(next) = found.next else { break };
            wanted.cursor = Some(next);
        }
        seen.sort();
        let expected: Vec<i64> = (0..15).collect();
        assert_eq!(seen.iter().map(|at| at.offset).collect::<Vec<_>>(), expected, "{order:?}");
    }
    Ok(())
}

#[tokio::test]
async fn filters_let_through_what_fits_and_nothing_else() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    let letter = |offset: i64| {
        let mut letter = scene.letter(i32::from(offset % 2 == 1), offset, 1_000);
        if offset % 50 == 7 {
            letter.headers[0].1 = Some(b"bad-utf8".to_vec());
        }
        letter
    };
    scene.dead_letters((0..300).map(letter).collect()).await?;
    let find = async |filter: Filter| -> Result<Page> {
        Ok(page(&scene.source(), &PageQuery { filter, ..query(4) }).await?)
    };
    let filter = Filter { reason: Some("bad-utf8".to_owned()), ..Filter::default() };
    let found = find(filter.clone()).await?;
    assert_eq!(offsets(&found.letters), [257, 207, 157, 107]);
    let rest = PageQuery { filter, cursor: found.next, ..query(4) };
    let found = page(&scene.source(), &rest).await?;
    assert_eq!((offsets(&found.letters), found.next), (vec![57, 7], None));

    let filter = Filter { partition: Some(1), topic: Some(scene.topic.clone()), reason: None };
    assert_eq!(offsets(&find(filter).await?.letters), [299, 297, 295, 293]);
    let filter = Filter { topic: Some("other".to_owned()), ..Filter::default() };
    let found = find(filter).await?;
    assert_eq!((found.letters.len(), found.next, found.total), (0, None, 300));
    assert_eq!(found.looked_at, 300);
    Ok(())
}

#[tokio::test]
async fn whatever_is_in_a_letter_is_shown() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    let mut full = scene.letter(3, 42, 1_234).with_key([0xff, 0x00]);
    full.value = Some([b"a".repeat(65_535), "é".as_bytes().to_vec(), b"b".repeat(9)].concat());
    let brought = (0..60).map(|n| (format!("h{n}"), Some(vec![n])));
    let forged = [("penstock.topic".to_owned(), Some(b"forged".to_vec())), ("n".to_owned(), None)];
    full.headers = forged.into_iter().chain(brought).chain(full.headers).collect();
    let null = Record { value: None, ..scene.letter(0, 1, -1) };
    let foreign = Record::of([0xfe]).with_header("penstock.offset", [0xff]);
    scene.dead_letters(vec![full, null, foreign]).await?;

    let found = page(&scene.source(), &query(3)).await?;
    let [foreign, null, full] = found.letters.as_slice() else { anyhow::bail!("{found:?}") };
    let source = full.source.clone().context("it has a source")?;
    assert_eq!((&source.topic, source.partition, source.offset), (&scene.topic, 3, 42));
    assert_eq!((full.timestamp_ms, full.attempt), (Some(1_234), Some(1)));
    assert_eq!(full.reason.as_deref(), Some("truncated"));
    assert_eq!((full.headers.len(), full.headers_left_out), (50, 12));
    assert_eq!(full.headers[0].value.as_ref().map(|v| &*v.hex), Some("666f72676564"));
    assert!(full.headers[1].value.is_none(), "{:?}", full.headers[1]);
    let key = full.key.as_ref().context("it has a key")?;
    assert_eq!((key.bytes, &*key.hex, &key.text, key.truncated), (2, "ff00", &None, false));
    let value = full.value.as_ref().context("it has a value")?;
    assert_eq!((value.bytes, value.hex.len(), value.truncated), (65_546, 131_072, true));
    assert_eq!(value.text.as_ref().map(String::len), Some(65_535));

    assert!(null.value.is_none() && null.timestamp_ms.is_none() && null.source.is_some());
    assert!(foreign.source.is_none() && foreign.reason.is_none(), "{foreign:?}");
    assert_eq!(foreign.value.as_ref().map(|v| &*v.hex), Some("fe"));

    let id = LetterId { partition: 0, offset: 1 };
    assert_eq!(one(&scene.source(), id).await?.as_ref(), Some(null));
    for (partition, offset) in [(0, 3), (0, -1), (1, 0), (-1, 0)] {
        assert_eq!(one(&scene.source(), LetterId { partition, offset }).await?, None);
    }
    Ok(())
}

#[tokio::test]
async fn a_topic_is_described_and_one_that_is_missing_is_empty() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    let found = page(&scene.source(), &query(10)).await?;
    assert_eq!((found.exists, found.total, found.letters.len()), (false, 0, 0));
    assert_eq!(one(&scene.source(), LetterId { partition: 0, offset: 0 }).await?, None);
    let settings = [("retention.ms", "2592000000")];
    scene.kafka().create_topic(&scene.letters(), 1, &settings).await?;
    let found = page(&scene.source(), &query(10)).await?;
    assert_eq!((found.exists, found.total), (true, 0));
    assert_eq!((found.retention_ms, found.topic), (Some(2_592_000_000), scene.letters()));

    for wrong in [query(0), query(101), PageQuery { cursor: Some("x".to_owned()), ..query(1) }] {
        let error = page(&scene.source(), &wrong).await;
        assert!(matches!(error, Err(DeadLettersError::Refused(_))), "{wrong:?}");
    }
    Ok(())
}

fn registry(url: &str) -> Result<Client> {
    let settings = Settings { url: url.to_owned(), total_ms_max: 1_000, ..Settings::default() };
    Ok(Client::new(settings)?)
}

#[tokio::test]
async fn values_are_decoded_as_far_as_they_can_be() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    let schema = r#"{"type": "record", "name": "R", "fields": [
        {"name": "id", "type": "long"}, {"name": "name", "type": "string"}]}"#;
    let id = scene.servers.registry().register(&unique("subject"), schema).await?;
    let values = [
        framed(id, &[84, 4, b'h', b'i']),
        framed(id, &[84, 40, b'h', b'i']),
        framed(id, &[]),
        framed(id + 900_000, &[84]),
        b"no frame".to_vec(),
    ];
    let letter = |value| Record { value: Some(value), ..scene.letter(0, 0, 0) };
    scene.dead_letters(values.into_iter().map(letter).collect()).await?;
    let registry_client = registry(scene.servers.registry().url())?;
    let source = Source { registry: Some(&registry_client), ..scene.source() };
    let oldest = PageQuery { order: Order::Oldest, ..query(5) };
    let found = page(&source, &oldest).await?;
    let told: Vec<_> = found
        .letters
        .iter()
        .map(|l| (l.schema_id, l.decoded.clone(), l.decoded_until.as_deref()))
        .collect();
    let wanted = "byte 2 in name: 20 bytes are wanted, 2 are left";
    assert_eq!(told[0], (Some(id), Some(json!({"id": 42, "name": "hi"})), None));
    assert_eq!(told[1], (Some(id), Some(json!({"id": 42})), Some(wanted)));
    assert_eq!(told[2].1, Some(json!({})));
    assert_eq!((told[3].0, &told[3].1), (Some(id + 900_000), &None));
    assert!(told[3].2.is_some(), "why it is not decoded");
    assert_eq!(told[4], (None, None, None));

    // Without a registry that answers, everything else is there.
    let away = registry("http://127.0.0.1:9")?;
    let source = Source { registry: Some(&away), ..scene.source() };
    let asked = tokio::time::timeout(Duration::from_secs(15), page(&source, &oldest));
    let found = asked.await.context("the page does not wait for the registry")??;
    assert!(found.letters.len() == 5 && found.letters[0].decoded.is_none());
    assert!(found.letters[0].decoded_until.is_some());
    Ok(())
}
