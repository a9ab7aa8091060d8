//! Promise: what may pass is tried again, as often as one call's time allows and no longer.

use std::time::{Duration, Instant};

use registry_client::{Client, Disposition, RegistryError, Settings};

use crate::server::{Reply, Server};

/// Runs one call against `script` and checks how it ended, after how many requests.
async fn check(
    script: fn(usize) -> Reply,
    change: fn(Settings) -> Settings,
    expected: Result<(), Disposition>,
    requests: std::ops::RangeInclusive<usize>,
) -> anyhow::Result<Duration> {
    let server = Server::start(move |request| script(request.nth)).await?;
    let client = Client::new(change(server.settings()))?;
    let start = Instant::now();
    let outcome = client.schema_by_id(1).await;
    let ended = outcome.as_ref().map(|_| ()).map_err(RegistryError::disposition);
    assert_eq!(ended, expected, "{outcome:?}");
    assert!(requests.contains(&server.requests()), "{} requests", server.requests());
    Ok(start.elapsed())
}

fn first_then_schema(nth: usize, first: Reply) -> Reply {
    if nth == 0 { first } else { Reply::schema() }
}

#[tokio::test]
async fn the_pause_a_registry_asks_for_is_kept() -> anyhow::Result<()> {
    let script = |nth| first_then_schema(nth, Reply::status(429).header("retry-after: 1"));
    let took = check(script, |settings| settings, Ok(()), 2..=2).await?;
    assert!(took >= Duration::from_secs(1), "{took:?}");
    Ok(())
}

#[tokio::test]
async fn a_pause_that_is_too_long_is_cut() -> anyhow::Result<()> {
    let script = |nth| first_then_schema(nth, Reply::status(503).header("retry-after: 3600"));
    let change = |settings| Settings { retry_after_ms_max: 400, ..settings };
    let took = check(script, change, Ok(()), 2..=2).await?;
    assert!(took >= Duration::from_millis(400), "{took:?}");
    Ok(())
}

#[tokio::test]
async fn a_pause_beyond_the_time_of_the_call_ends_it_at_once() -> anyhow::Result<()> {
    let script = |_| Reply::status(429).header("retry-after: 3600");
    let took = check(script, |settings| settings, Err(Disposition::Retry), 1..=1).await?;
    assert!(took < Duration::from_secs(1), "{took:?}");
    Ok(())
}

#[tokio::test]
async fn server_errors_pass() -> anyhow::Result<()> {
    let script = |nth| match nth {
        0 => Reply::status(500),
        1 => Reply::error(503, 50_003),
        _ => Reply::schema(),
    };
    check(script, |settings| settings, Ok(()), 3..=3).await?;
    Ok(())
}

#[tokio::test]
async fn a_server_that_hangs_is_left_in_time() -> anyhow::Result<()> {
    let change = |settings| Settings { total_ms_max: 1_000, ..settings };
    let took = check(|_| Reply::Hang, change, Err(Disposition::Retry), 2..=3).await?;
    assert!(took < Duration::from_millis(1_500), "{took:?}");
    Ok(())
}

#[tokio::test]
async fn one_hanging_request_is_repeated() -> anyhow::Result<()> {
    let script = |nth| first_then_schema(nth, Reply::Hang);
    check(script, |settings| settings, Ok(()), 2..=2).await?;
    Ok(())
}

#[tokio::test]
async fn an_answer_that_drips_does_not_hold_the_call() -> anyhow::Result<()> {
    let script = |nth| first_then_schema(nth, Reply::Drip(" ".repeat(1_000)));
    let took = check(script, |settings| settings, Ok(()), 2..=2).await?;
    assert!(took < Duration::from_secs(2), "{took:?}");
    Ok(())
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_again() -> anyhow::Result<()> {
    let script =
        |nth| first_then_schema(nth, Reply::Truncated(r#"{"schema":"\"string\""}"#.to_owned()));
    check(script, |settings| settings, Ok(()), 2..=2).await?;
    Ok(())
}

#[tokio::test]
async fn garbage_is_no_answer() -> anyhow::Result<()> {
    let script = |nth| match nth {
        0 => Reply::ok("<html>welcome</html>"),
        1 => Reply::ok(r#"{"schema":7}"#),
        2 => Reply::ok("[".repeat(10_000)),
        _ => Reply::schema(),
    };
    check(script, |settings| settings, Ok(()), 4..=4).await?;
    let change = |settings| Settings { total_ms_max: 500, ..settings };
    check(|_| Reply::ok("null"), change, Err(Disposition::Retry), 2..=5).await?;
    Ok(())
}

#[tokio::test]
async fn a_404_without_a_registrys_code_condemns_nothing() -> anyhow::Result<()> {
    let script = |nth| match nth {
        0 => Reply::status(404),
        1 => Reply::error(404, 404),
        _ => Reply::schema(),
    };
    check(script, |settings| settings, Ok(()), 3..=3).await?;
    Ok(())
}

#[tokio::test]
async fn a_closed_port_may_open_again() -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    drop(listener);
    let client = Client::new(Settings { url, total_ms_max: 400, ..Settings::default() })?;
    let error = client.schema_by_id(1).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
    assert!(error.to_string().contains("refused"), "{error}");
    Ok(())
}
