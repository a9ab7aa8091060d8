//! Promise: a replayed letter is its record again, once, in a topic of the pipeline's own.

use std::collections::BTreeMap;

use admin_api::dead_letters::{
    DeadLettersError, Filter, LetterId, Order, PageQuery, Refusal, ReplayLimits, Replayed,
    Selection, one, page, replay, replay_topic,
};
use anyhow::Result;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use testkit::{Message, Record};

use crate::scene::Scene;

const ALL: Selection = Selection::All(Filter { reason: None, topic: None, partition: None });

fn named(offsets: &[i64]) -> Selection {
    Selection::Letters(
        offsets.iter().map(|offset| LetterId { partition: 0, offset: *offset }).collect(),
    )
}

async fn run(scene: &Scene, selection: &Selection, force: bool) -> Result<Replayed> {
    Ok(replay(&scene.source(), selection, force, &ReplayLimits::default()).await?)
}

/// Letter's offset and why it was refused.
fn refusals(done: &Replayed) -> Vec<(i64, Refusal)> {
    done.refusals.iter().map(|refused| (refused.letter.offset, refused.why)).collect()
}

async fn copies(scene: &Scene) -> Result<Vec<Message>> {
    let topic = replay_topic(&scene.namespace, &scene.pipeline.name);
    scene.kafka().read_all(&topic).await
}

/// How often the record of each offset was replayed.
async fn replays(scene: &Scene) -> Result<BTreeMap<String, usize>> {
    let mut replays = BTreeMap::new();
    for copy in copies(scene).await? {
        *replays.entry(copy.header("penstock.offset").unwrap_or_default()).or_default() += 1;
    }
    Ok(replays)
}

async fn filled(letters: i64) -> Result<Scene> {
    let scene = Scene::new(1, "").await?;
    scene.produce(0, 3).await?;
    let letters = (0..letters).map(|offset| scene.letter(0, offset, 1_000)).collect();
    scene.dead_letters(letters).await?;
    Ok(scene)
}

#[tokio::test]
async fn a_copy_is_the_record_and_says_where_it_came_from() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    scene.produce(0, 3).await?;
    let mut letter = scene.letter(7, 42, 1_234).with_key([0xff, 0]);
    letter.value = Some(vec![0, 0xfe, 0]);
    let brought = vec![
        ("penstock.offset".to_owned(), Some(b"forged".to_vec())),
        ("x".to_owned(), None),
        ("x".to_owned(), Some(vec![0xff])),
    ];
    letter.headers.splice(0..0, brought.clone());
    let null = Record { value: None, key: None, ..scene.letter(0, 43, 5) };
    scene.dead_letters(vec![letter, null]).await?;
    let before = scene.kafka().read_all(&scene.letters()).await?;

    let done = run(&scene, &named(&[0, 1]), false).await?;
    assert_eq!((done.replayed, done.refused, &done.stopped), (2, 0, &None), "{done:?}");
    assert_eq!(done.topic, replay_topic(&scene.namespace, "sales"));
    let copies = copies(&scene).await?;
    let [copy, null] = copies.as_slice() else { anyhow::bail!("{copies:?}") };
    assert_eq!((&copy.key, &copy.value), (&Some(vec![0xff, 0]), &Some(vec![0, 0xfe, 0])));
    let header = |name: &str, value: &str| (name.to_owned(), Some(value.as_bytes().to_vec()));
    let ours = [
        header("penstock.topic", &scene.topic),
        header("penstock.partition", "7"),
        header("penstock.offset", "42"),
        header("penstock.timestamp", "1234"),
        header("penstock.attempt", "2"),
        header("penstock.origin", &format!("{}/7/42", scene.topic)),
        header("penstock.dead-letter.partition", "0"),
        header("penstock.dead-letter.offset", "0"),
    ];
    assert_eq!(copy.headers, [brought.as_slice(), &ours].concat());
    assert_eq!((&null.key, &null.value), (&None, &None));

    // Neither the source nor the letters were written to.
    assert_eq!(scene.kafka().read_all(&scene.letters()).await?, before);
    assert_eq!(scene.kafka().end_offsets(&scene.topic).await?, BTreeMap::from([(0, 3)]));
    Ok(())
}

#[tokio::test]
async fn a_letter_says_that_its_record_was_replayed() -> Result<()> {
    let scene = filled(5).await?;
    // A second letter of the record 3, as a sink that was killed leaves it behind.
    scene.kafka().produce(&scene.letters(), [scene.letter(0, 3, 1_000)]).await?;
    let marked = async || -> Result<Vec<i64>> {
        let query = PageQuery { limit: 10, order: Order::Oldest, ..PageQuery::default() };
        let found = page(&scene.source(), &query).await?;
        assert!(found.replays_known && found.letters.len() == 6, "{found:?}");
        let marked = found.letters.iter().filter(|letter| letter.replayed_at_ms.is_some());
        Ok(marked.map(|letter| letter.id.offset).collect())
    };
    assert_eq!(marked().await?, [0; 0]);
    assert_eq!(run(&scene, &named(&[1, 3]), false).await?.replayed, 2);
    assert_eq!(marked().await?, [1, 3, 5]);
    let of = async |offset| one(&scene.source(), LetterId { partition: 0, offset }).await;
    let last = of(5).await?.and_then(|letter| letter.replayed_at_ms);
    let before = of(1).await?.and_then(|letter| letter.replayed_at_ms);
    assert!(last.is_some() && last >= before, "{last:?}, {before:?}");
    assert_eq!(of(0).await?.and_then(|letter| letter.replayed_at_ms), None);
    Ok(())
}

#[tokio::test]
async fn a_second_replay_needs_force() -> Result<()> {
    let scene = filled(5).await?;
    assert_eq!(run(&scene, &named(&[1, 3, 3]), false).await?.replayed, 2);
    let again = run(&scene, &named(&[3]), false).await?;
    assert_eq!((again.replayed, refusals(&again)), (0, vec![(3, Refusal::ReplayedBefore)]));
    let rest = run(&scene, &ALL, false).await?;
    assert_eq!((rest.replayed, rest.refused), (3, 2), "{rest:?}");
    let forced = run(&scene, &named(&[3]), true).await?;
    assert_eq!((forced.replayed, forced.refused), (1, 0));
    let expected = [("0", 1), ("1", 1), ("2", 1), ("3", 2), ("4", 1)];
    assert_eq!(replays(&scene).await?, expected.map(|(o, n)| (o.to_owned(), n)).into());
    Ok(())
}

#[tokio::test]
async fn what_is_no_letter_or_one_too_many_is_refused() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    let foreign = Record::of("x").with_header("penstock.topic", "t");
    let other = Record { value: Some(b"other".to_vec()), ..scene.letter(1, 8, 0) };
    let twice = scene.letter(0, 8, 0);
    scene.dead_letters(vec![twice.clone(), foreign, twice, other]).await?;
    let done = run(&scene, &named(&[0, 1, 2, 3, 4, -1]), true).await?;
    assert_eq!(done.replayed, 2);
    let mut refused = refusals(&done);
    refused.sort_by_key(|(offset, _)| *offset);
    let expected =
        [(-1, Refusal::Gone), (1, Refusal::NotALetter), (2, Refusal::Twice), (4, Refusal::Gone)];
    assert_eq!(refused, expected);

    let filter = Filter { partition: Some(1), ..Filter::default() };
    let done = run(&scene, &Selection::All(filter), true).await?;
    assert_eq!((done.replayed, done.refused), (1, 0));
    assert_eq!(copies(&scene).await?.last().and_then(|c| c.value.clone()), Some(b"other".to_vec()));
    let many: Vec<i64> = (0..1_001).collect();
    for wrong in [named(&[]), named(&many)] {
        let error = replay(&scene.source(), &wrong, false, &ReplayLimits::default()).await;
        assert!(matches!(error, Err(DeadLettersError::Refused(_))), "{error:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_pipeline_without_letters_has_nothing_to_replay() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    assert_eq!(run(&scene, &ALL, false).await?.replayed, 0);
    let done = run(&scene, &named(&[0]), false).await?;
    assert_eq!((done.replayed, refusals(&done)), (0, vec![(0, Refusal::Gone)]));
    // and no topic is made for it
    assert!(scene.kafka().end_offsets(&done.topic).await.is_err());
    Ok(())
}

#[tokio::test]
async fn many_at_once_land_once_each() -> Result<()> {
    let scene = filled(2_000).await?;
    let limits = ReplayLimits::default();
    let source = scene.source();
    let attempt = || replay(&source, &ALL, false, &limits);
    let results = tokio::join!(attempt(), attempt(), attempt());
    let mut told = 0;
    for result in [results.0, results.1, results.2] {
        match result {
            Ok(done) => told += done.replayed,
            Err(DeadLettersError::Busy) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // Whoever was overtaken is asked again.
    told += run(&scene, &ALL, false).await?.replayed;
    assert_eq!(told, 2_000);
    let replays = replays(&scene).await?;
    assert_eq!((replays.len(), replays.values().max()), (2_000, Some(&1)));
    Ok(())
}

#[tokio::test]
async fn one_that_failed_again_is_another_record() -> Result<()> {
    let scene = filled(1).await?;
    assert_eq!(run(&scene, &ALL, false).await?.replayed, 1);
    // What the sink makes of the copy when it is bad again.
    let copy = copies(&scene).await?.remove(0);
    let mut letter = Record { value: copy.value, ..scene.letter(0, copy.offset, 2_000) };
    let topic = replay_topic(&scene.namespace, "sales");
    letter.headers[2].1 = Some(topic.clone().into_bytes());
    letter.headers[7].1 = Some(b"2".to_vec());
    letter.headers.splice(0..0, copy.headers);
    scene.kafka().produce(&scene.letters(), [letter]).await?;

    let done = run(&scene, &ALL, false).await?;
    assert_eq!((done.replayed, refusals(&done)), (1, vec![(0, Refusal::ReplayedBefore)]));
    let copies = copies(&scene).await?;
    let second = copies.last().expect("there are two");
    assert_eq!(second.headers.len(), 8, "nothing piles up: {:?}", second.headers);
    assert_eq!(second.header("penstock.attempt").as_deref(), Some("3"));
    assert_eq!(second.header("penstock.topic"), Some(topic));
    assert_eq!(second.header("penstock.origin"), Some(format!("{}/0/0", scene.topic)));
    Ok(())
}

#[tokio::test]
async fn a_limit_ends_it_and_the_next_goes_on() -> Result<()> {
    let scene = filled(30).await?;
    let limits = ReplayLimits { letters_max: 20, ..ReplayLimits::default() };
    let done = replay(&scene.source(), &ALL, false, &limits).await?;
    assert!(done.replayed == 20 && done.stopped.is_some(), "{done:?}");
    let rest = run(&scene, &ALL, false).await?;
    assert_eq!((rest.replayed, rest.refused, rest.stopped), (10, 20, None));

    // Too many to compare with is said, not guessed.
    let limits = ReplayLimits { known_max: 29, ..ReplayLimits::default() };
    let error = replay(&scene.source(), &ALL, false, &limits).await.err();
    assert!(error.is_some_and(|error| error.to_string().contains("use force")));
    assert_eq!(replays(&scene).await?.len(), 30);
    Ok(())
}

#[tokio::test]
async fn copies_are_kept_as_long_as_letters_and_may_be_as_large() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    let settings = [("retention.ms", "123456789"), ("max.message.bytes", "3000000")];
    scene.kafka().create_topic(&scene.letters(), 1, &settings).await?;
    // Nothing that compression could make smaller.
    let mut state = 1_u64;
    let noise = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    let large =
        Record { value: Some((0..2_900_000).map(noise).collect()), ..scene.letter(0, 0, 0) };
    scene.kafka().produce(&scene.letters(), [large.clone()]).await?;
    assert_eq!(run(&scene, &ALL, false).await?.replayed, 1);
    assert_eq!(copies(&scene).await?.remove(0).value, large.value);
    let topic = replay_topic(&scene.namespace, "sales");
    assert_eq!(scene.kafka().end_offsets(&topic).await?.len(), 1);
    let admin: AdminClient<_> = scene.client.create()?;
    let asked = [ResourceSpecifier::Topic(&topic)];
    let told = admin.describe_configs(&asked, &AdminOptions::new()).await?;
    let told = told.first().and_then(|told| told.as_ref().ok()).expect("the topic is described");
    let setting = |name: &str| told.get(name).and_then(|entry| entry.value.clone());
    assert_eq!(setting("retention.ms").as_deref(), Some("123456789"));
    assert_eq!(setting("cleanup.policy").as_deref(), Some("delete"));
    Ok(())
}
