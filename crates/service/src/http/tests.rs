use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Serves on a free port and returns the whole answer to `GET path`, then stops the server.
async fn get_once(health: &Health, path: &str) -> String {
    let registry = Registry::new();
    let counter = prometheus::IntCounter::new("records_total", "Records").unwrap();
    registry.register(Box::new(counter.clone())).unwrap();
    counter.inc_by(7);
    let listener = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let server =
        tokio::spawn(serve(listener, Router::new(), health.clone(), registry, stop.clone()));

    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    stop.cancel();
    server.await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn ready_only_when_every_condition_holds() {
    let health = Health::default();
    let (kafka, pipelines) = (health.condition("kafka"), health.condition("pipelines"));
    kafka.set(true);
    let answer = get_once(&health, "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    assert!(answer.contains("waiting for: pipelines\""), "{answer}");
    assert!(get_once(&health, "/livez").await.starts_with("HTTP/1.1 200"));

    pipelines.set(true);
    assert!(get_once(&health, "/readyz").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn metrics_say_whether_it_is_ready() {
    let health = Health::default();
    let (kafka, pipelines) = (health.condition("kafka"), health.condition("pipelines"));
    let says = async |value: u8| {
        let answer = get_once(&health, "/metrics").await;
        assert!(answer.contains(&format!("\npenstock_ready {value}\n")), "{answer}");
    };
    says(0).await;
    kafka.set(true);
    says(0).await;
    pipelines.set(true);
    says(1).await;
    kafka.set(false);
    says(0).await;
}

#[tokio::test]
async fn metrics_are_served_as_text() {
    let answer = get_once(&Health::default(), "/metrics").await;
    assert!(answer.contains("\nrecords_total 7\n"), "{answer}");
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_document() {
    let answer = get_once(&Health::default(), "/nothing").await;
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("no such path"), "{answer}");
}

#[tokio::test]
async fn a_taken_port_names_its_key() {
    let taken = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let error = bind(taken.local_addr().unwrap()).await.unwrap_err();
    assert!(format!("{error:#}").contains("service.http"), "{error:#}");
}
