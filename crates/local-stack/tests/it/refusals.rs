//! What is missing is named, with a way out.

use std::{fs, os::unix::fs::PermissionsExt as _};

use local_stack::{Error, Part, Stack, progress};

use crate::fixture::{folder, processes_in, settings};

#[tokio::test]
async fn a_missing_tool_is_named_with_what_it_is_for() {
    for (part, tool) in [(Part::Kafka, "`mvn`"), (Part::ClickHouse, "`npm`")] {
        let (data, cache) = (folder(), folder());
        let mut settings = settings(data.path(), &[part]);
        settings.cache_dir = cache.path().to_owned();
        settings.environment.path = "/nonexistent".into();
        let text = Stack::start(settings, progress::quiet()).await.unwrap_err().to_string();
        for word in [tool, "fetch", "docker compose up"] {
            assert!(text.contains(word), "{text}");
        }
        assert_eq!(text.lines().count(), 1, "{text}");
        assert_eq!(processes_in(data.path()), Vec::<String>::new());
        let packages = fs::read_dir(cache.path()).unwrap().flatten();
        assert!(packages.map(|entry| entry.path()).all(|path| !path.is_dir()), "half-written");
    }
}

#[tokio::test]
async fn no_java_and_an_old_java_are_told_apart() {
    let (data, java) = (folder(), folder());
    let mut settings = settings(data.path(), &[Part::Kafka]);
    settings.environment.path = "/nonexistent".into();
    settings.environment.java_home = None;
    settings.environment.java_folders = vec![java.path().to_owned()];
    let none = Stack::start(settings.clone(), progress::quiet()).await.unwrap_err().to_string();
    assert!(none.contains("version 21") && none.contains("there is none"), "{none}");

    let home = java.path().join("jdk-17");
    fs::create_dir_all(home.join("bin")).unwrap();
    fs::write(home.join("bin/java"), "").unwrap();
    fs::set_permissions(home.join("bin/java"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(home.join("release"), "JAVA_VERSION=\"17.0.15\"\n").unwrap();
    let old = Stack::start(settings, progress::quiet()).await.unwrap_err().to_string();
    assert!(old.contains("17.0.15") && old.contains(home.to_str().unwrap()), "{old}");
    assert!(old.contains("docker compose up"), "{old}");
}

#[tokio::test]
async fn a_failing_tool_shows_its_last_words() {
    let (data, cache, tools) = (folder(), folder(), folder());
    let npm = tools.path().join("npm");
    fs::write(&npm, "#!/bin/sh\necho the network is down\nexit 3\n").unwrap();
    fs::set_permissions(&npm, fs::Permissions::from_mode(0o755)).unwrap();
    let mut settings = settings(data.path(), &[Part::ClickHouse]);
    settings.cache_dir = cache.path().to_owned();
    settings.environment.path = tools.path().into();
    let error = Stack::start(settings.clone(), progress::quiet()).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Fetch { .. }), "{text}");
    assert!(text.contains("exit code 3") && text.contains("the network is down"), "{text}");

    fs::write(&npm, "#!/bin/sh\necho write error: No space left on device\nexit 1\n").unwrap();
    let error = Stack::start(settings, progress::quiet()).await.unwrap_err();
    assert!(matches!(error, Error::DiskFull { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_its_last_words() {
    let data = folder();
    let mut settings = settings(data.path(), &[Part::Kafka]);
    settings.kafka_extra = vec![("log.retention.hours".to_owned(), "never".to_owned())];
    let error = Stack::start(settings, progress::quiet()).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Ended { part: Part::Kafka, .. }), "{text}");
    assert!(text.contains("log.retention.hours"), "{text}");
    assert_eq!(processes_in(data.path()), Vec::<String>::new());
}

#[tokio::test]
async fn bad_settings_are_settings_errors() {
    let data = folder();
    let mut odd = settings(&data.path().join("a,b"), &[Part::ClickHouse]);
    let error = Stack::start(odd.clone(), progress::quiet()).await.unwrap_err();
    assert!(error.is_setting() && error.to_string().contains("data_dir"), "{error}");
    odd.data_dir = data.path().to_owned();
    odd.databases = vec!["shop; DROP".to_owned()];
    let error = Stack::start(odd, progress::quiet()).await.unwrap_err();
    assert!(error.is_setting() && error.to_string().contains("databases"), "{error}");
}
