//! Two instances at once do not disturb each other; two cannot share a data folder.

use std::net::TcpListener;

use local_stack::{Error, Part, Stack, progress};

use crate::fixture::{folder, settings};

#[tokio::test]
async fn two_that_start_together_get_ports_of_their_own() {
    let folders = [folder(), folder(), folder()];
    let starts = folders.each_ref().map(|folder| {
        Stack::start(settings(folder.path(), &[Part::ClickHouse]), progress::quiet())
    });
    let [one, two, three] = starts;
    let (one, two, three) = tokio::join!(one, two, three);
    let stacks = [one.unwrap(), two.unwrap(), three.unwrap()];
    let mut ports: Vec<_> = stacks
        .iter()
        .flat_map(|stack| {
            let addresses = stack.addresses();
            [addresses.clickhouse_http.clone(), addresses.clickhouse_native.clone()]
        })
        .collect();
    ports.sort();
    ports.dedup();
    assert_eq!(ports.len(), 6, "{ports:?}");
    for stack in stacks {
        stack.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_data_folder_has_one_owner() {
    let data = folder();
    let first = settings(data.path(), &[Part::ClickHouse]);
    let second = first.clone();
    let stack = Stack::start(first, progress::quiet()).await.unwrap();
    let error = Stack::start(second.clone(), progress::quiet()).await.unwrap_err();
    assert!(matches!(error, Error::DataFolderInUse { pid, .. } if pid == std::process::id()));
    let text = error.to_string();
    assert!(text.contains(data.path().to_str().unwrap()) && text.contains("another"), "{text}");
    stack.stop().await.unwrap();
    Stack::start(second, progress::quiet()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_port_that_was_asked_for_is_taken_or_named() {
    let data = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut settings = settings(data.path(), &[Part::ClickHouse]);
    settings.ports.clickhouse_http = Some(port);
    let error = Stack::start(settings.clone(), progress::quiet()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&port.to_string()), "{text}");
    assert!(text.contains("`ports.clickhouse_http`"), "{text}");

    drop(taken);
    let stack = Stack::start(settings, progress::quiet()).await.unwrap();
    let address = stack.addresses().clickhouse_http.clone().unwrap();
    assert_eq!(address, format!("http://127.0.0.1:{port}"));
    stack.stop().await.unwrap();
}
