//! A package is there as a whole or is fetched again; two processes fetch it once.

use std::{fs, path::PathBuf};

use local_stack::{Event, Part, Settings, Stack, progress::Shared};

use crate::fixture::{folder, processes_in, recorder, settings};

async fn start_and_stop(settings: Settings, progress: Shared) {
    Stack::start(settings, progress).await.unwrap().stop().await.unwrap();
}

fn fetches(events: &[Event]) -> Vec<String> {
    let what = |event: &Event| {
        if let Event::FetchStarted { what, .. } = event { Some(what.clone()) } else { None }
    };
    events.iter().filter_map(what).collect()
}

/// The package of the only part in that cache.
fn package(settings: &Settings) -> PathBuf {
    let entries = fs::read_dir(&settings.cache_dir).unwrap().flatten().map(|entry| entry.path());
    let mut packages = entries.filter(|path| path.join("manifest.json").exists());
    packages.next().unwrap()
}

#[tokio::test]
async fn two_processes_fetch_once_and_damage_is_repaired() {
    let (cache, data, other_data) = (folder(), folder(), folder());
    let mut one = settings(data.path(), &[Part::Kafka]);
    one.cache_dir = cache.path().to_owned();
    let two = Settings { data_dir: other_data.path().to_owned(), ..one.clone() };
    let ((progress_one, events_one), (progress_two, events_two)) = (recorder(), recorder());
    tokio::join!(start_and_stop(one.clone(), progress_one), start_and_stop(two, progress_two));
    let both = [events_one.lock().unwrap().clone(), events_two.lock().unwrap().clone()].concat();
    assert_eq!(fetches(&both), ["Apache Kafka 4.3.1"]);
    assert!(both.iter().any(|event| matches!(event, Event::Waiting(_))), "{both:#?}");

    // Cut off, as by a full disk.
    let jars = package(&one).join("lib");
    let jar = fs::read_dir(&jars).unwrap().flatten().map(|entry| entry.path());
    let jar = jar.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let whole = fs::read(&jar).unwrap();
    fs::write(&jar, &whole[..whole.len() / 2]).unwrap();
    let (progress, events) = recorder();
    start_and_stop(one.clone(), progress).await;
    // Before the server is started, and not because it then fails.
    let first = events.lock().unwrap()[0].clone();
    assert!(matches!(first, Event::FetchStarted { .. }), "{first:?}");
    let what = fetches(&events.lock().unwrap()).concat();
    let name = jar.file_name().unwrap().to_str().unwrap();
    assert!(what.contains("again") && what.contains(name), "{what}");
    assert!(fs::read(&jar).unwrap() == whole, "the file is not whole again");

    // Damaged at full length: seen because the server does not start.
    let kafka = fs::read_dir(&jars).unwrap().flatten().map(|entry| entry.path());
    let kafka = kafka.filter(|path| path.to_str().unwrap().contains("/kafka_2.13")).max().unwrap();
    let whole = fs::read(&kafka).unwrap();
    fs::write(&kafka, vec![0; whole.len()]).unwrap();
    let (progress, events) = recorder();
    start_and_stop(one.clone(), progress).await;
    assert_eq!(fetches(&events.lock().unwrap()).len(), 1);
    assert!(fs::read(&kafka).unwrap() == whole, "the file is not whole again");
    let nothing_half_written = |path: &PathBuf| !path.to_str().unwrap().contains(".fetching");
    let left = fs::read_dir(cache.path()).unwrap().flatten().map(|entry| entry.path());
    assert!(left.collect::<Vec<_>>().iter().all(nothing_half_written));
    assert_eq!(processes_in(data.path()), Vec::<String>::new());
}
