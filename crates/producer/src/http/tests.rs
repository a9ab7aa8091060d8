use prometheus::Registry;
use reqwest::{Method, StatusCode, header};
use service::Health;
use tokio_util::sync::CancellationToken;

use super::routes;
use crate::{Config, Producer, pipeline::Handle};

fn handle() -> Handle {
    Producer::new(Config::defaults().unwrap()).unwrap().handle()
}

/// Serves as the producer does, sends one request, returns status, content type and body.
async fn ask(
    handle: &Handle,
    method: Method,
    path: &str,
    body: &str,
) -> (StatusCode, String, String) {
    let listener = service::http::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    let (stop, routes) = (CancellationToken::new(), routes(handle.clone()));
    let stopped = stop.clone().drop_guard();
    tokio::spawn(service::http::serve(listener, routes, Health::default(), Registry::new(), stop));
    let request = reqwest::Client::new()
        .request(method, url)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.to_owned());
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let kind = headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    drop(stopped);
    (status, kind.unwrap_or_default(), text)
}

#[tokio::test]
async fn the_rate_can_be_read_and_set() {
    let handle = handle();
    let (_, _, body) = ask(&handle, Method::GET, "/rate", "").await;
    assert_eq!(body, r#"{"rate_per_sec":15,"paused":false}"#);
    let (status, _, body) = ask(&handle, Method::PUT, "/rate", r#"{"rate_per_sec":7}"#).await;
    assert_eq!((status, &*body), (StatusCode::OK, r#"{"rate_per_sec":7,"paused":false}"#));
    assert_eq!(handle.rate_per_sec(), 7);
}

#[tokio::test]
async fn pausing_twice_is_pausing_once() {
    let handle = handle();
    for (path, paused) in [("/pause", true), ("/pause", true), ("/resume", false)] {
        let (status, _, _) = ask(&handle, Method::POST, path, "").await;
        assert_eq!((status, handle.paused()), (StatusCode::OK, paused));
    }
}

#[tokio::test]
async fn a_wish_that_is_not_understood_is_a_problem_document_and_changes_nothing() {
    let handle = handle();
    let long = format!(r#"{{"rate_per_sec":{}1}}"#, " ".repeat(2_000));
    for (body, expected) in [
        ("", StatusCode::BAD_REQUEST),
        ("{", StatusCode::BAD_REQUEST),
        ("{}", StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"rate_per_sec":-1}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"rate_per_sec":4294967296}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"rate_per_sec":1,"burst":2}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (long.as_str(), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let (status, kind, text) = ask(&handle, Method::PUT, "/rate", body).await;
        assert_eq!((status, &*kind), (expected, "application/problem+json"), "{body}: {text}");
    }
    let (status, kind, _) = ask(&handle, Method::GET, "/pause", "").await;
    assert_eq!((status, &*kind), (StatusCode::METHOD_NOT_ALLOWED, "application/problem+json"));
    assert_eq!((handle.rate_per_sec(), handle.paused()), (15, false));
}
