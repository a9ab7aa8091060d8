use axum::Router;
use clap::Parser;
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{Health, http};

#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    task: Option<Task>,
}

const DEFAULTS: &str = "[service]\nhttp = \"127.0.0.1:9464\"\ndrain_ms_max = 1\n[kafka]\na = 1\n";

/// What asking a URL comes to.
async fn asked(url: &str) -> Result<(), String> {
    let options = Options { url: Some(super::url(url)?) };
    let settings = || bail!("not wanted");
    check(&options, settings).await.map_err(|error| format!("{error:#}"))
}

/// What somebody does after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Close,
    Hang,
    Repeat,
}

/// The address of somebody who says this to whoever connects.
async fn somebody_who_says(answer: &'static [u8], then: Then) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        assert_ne!(connection.read(&mut request).await.unwrap(), 0);
        connection.write_all(answer).await.unwrap();
        match then {
            Then::Close => {}
            Then::Hang => std::future::pending().await,
            Then::Repeat => while connection.write_all(answer).await.is_ok() {},
        }
    });
    address
}

#[tokio::test]
async fn ready_when_the_service_says_so_and_else_its_reason() {
    let listener = http::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = format!("http://{}/readyz", listener.local_addr().unwrap());
    let health = Health::default();
    let kafka = health.condition("kafka");
    let stop = CancellationToken::new();
    let served = http::serve(listener, Router::new(), health, Registry::new(), stop.clone());
    let server = tokio::spawn(served);

    assert_eq!(asked(&url).await, Err("not ready (503): waiting for: kafka".to_owned()));
    kafka.set(true);
    assert_eq!(asked(&url).await, Ok(()));
    let elsewhere = asked(&url.replace("readyz", "elsewhere")).await;
    assert_eq!(elsewhere, Err("not ready (404)".to_owned()));
    stop.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_answers_something_else_is_not_ready() {
    let no_server = "that is no answer of a web server";
    let cases: [(&'static [u8], &str); 5] = [
        (b"", no_server),
        (b"HTTP/1.1", no_server),
        (b"HTTP/1.1 2\r\n\r\n", no_server),
        (b"SSH-2.0-OpenSSH_9.2\r\n", no_server),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\nbusy", "not ready (503)"),
    ];
    for (answer, wanted) in cases {
        let address = somebody_who_says(answer, Then::Close).await;
        let found = asked(&format!("http://{address}/readyz")).await.unwrap_err();
        assert_eq!(found, wanted, "{}", String::from_utf8_lossy(answer));
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_read_to_it() {
    let address = somebody_who_says(b"HTTP/1.1 503 Busy\r\n", Then::Repeat).await;
    let found = asked(&format!("http://{address}/readyz")).await;
    assert_eq!(found, Err("not ready (503)".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_is_given_up() {
    let address = somebody_who_says(b"HTTP/1.1 200 OK\r\n", Then::Hang).await;
    let since = time::Instant::now();
    let found = asked(&format!("http://{address}/readyz")).await.unwrap_err();
    assert_eq!(found, format!("ask {address}: no answer within 4 s"));
    assert!(since.elapsed() < WITHIN * 2);
}

#[tokio::test]
async fn nobody_there_is_not_ready() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let found = asked(&format!("http://{address}/readyz")).await.unwrap_err();
    assert!(found.starts_with(&format!("ask {address}: connect: ")), "{found}");
}

#[test]
fn asks_beside_the_service_when_it_listens_everywhere() {
    let addresses = |text: &str| {
        let place = Place::serving(text.parse().unwrap()).unwrap();
        assert_eq!(place.path, "/readyz");
        place.addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>()
    };
    assert_eq!(addresses("0.0.0.0:9464"), ["127.0.0.1:9464"]);
    assert_eq!(addresses("[::]:9464"), ["127.0.0.1:9464", "[::1]:9464"]);
    assert_eq!(addresses("10.1.2.3:80"), ["10.1.2.3:80"]);
    assert!(Place::serving("127.0.0.1:0".parse().unwrap()).is_err());
}

#[test]
fn urls_are_checked_before_they_are_asked() {
    let place = |text: &str| Place::of(&url(text).unwrap()).unwrap();
    assert_eq!(place("http://localhost:9464/readyz").host, "localhost:9464");
    assert_eq!(place("http://[::1]/readyz?a=b").host, "[::1]:80");
    assert_eq!(place("http://[::1]/readyz?a=b").path, "/readyz?a=b");
    assert_eq!(place("http://localhost").path, "/");
    for refused in ["", "localhost:9464", "https://localhost/readyz", "/readyz", "http://a:b@c/"] {
        assert!(url(refused).is_err(), "{refused}");
    }
}

#[tokio::test]
async fn settings_say_whom_to_ask() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    std::fs::write(file.path(), format!("[service]\nhttp = \"0.0.0.0:{port}\"\n")).unwrap();
    let settings = config::load::<Settings>(DEFAULTS, Some(file.path()), "NOBODY_OF_TESTS__");
    let options = Options { url: None };
    let found = check(&options, || Ok(settings?.service.http)).await.unwrap_err();
    assert!(format!("{found:#}").starts_with(&format!("ask 0.0.0.0:{port}: connect: ")), "{found}");
}

#[test]
fn a_command_line_without_a_task_stays_what_it_was() {
    assert!(Args::parse_from(["service"]).task.is_none());
    let given = Args::parse_from(["service", "healthcheck", "--url", "http://a:1/b"]).task;
    let Some(Task::Healthcheck(options)) = given else { panic!("{given:?}") };
    assert_eq!(options.url.unwrap(), "http://a:1/b");
    assert!(Args::try_parse_from(["service", "healthcheck", "--url", "a:1"]).is_err());
}
