//! Promise: no wait is longer than its setting, also for an insert that its caller has given up.

use std::{future::Future, time::Duration};

use anyhow::{Context, Result};
use bytes::Bytes;
use target::{Disposition, Insert, InsertError, Settings, Target, TargetError};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::native;

fn target(port: u16) -> Result<Target> {
    Ok(Target::new(Settings {
        url: format!("http://127.0.0.1:{port}"),
        insert_timeout_ms: 500,
        request_timeout_ms: 500,
        ..Settings::default()
    })?)
}

/// Longest wait of a test: ten times the settings above.
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits for an answer that must be a failure.
async fn failure<T, E>(answer: impl Future<Output = Result<T, E>>) -> Result<E> {
    let answer = timeout(PATIENCE, answer).await.context("it waits longer than it may")?;
    answer.err().context("it went through")
}

async fn insert(target: &Target, rows: u64) -> Result<(), InsertError> {
    let block = native::block(rows, &[("id", "UInt64", native::numbers(0..rows))]).concat();
    // In many pieces, so that sending them is a wait of its own.
    let chunks: Vec<Bytes> = block.chunks(64 << 10).map(Bytes::copy_from_slice).collect();
    let insert =
        Insert { database: "d", table: "t", columns: "id", token: "token", rows, chunks: &chunks };
    target.insert(&insert).await
}

/// Reads what is sent until the other side closes, without ever answering.
async fn swallow(mut connection: TcpStream) -> Result<()> {
    let mut buffer = vec![0; 64 << 10];
    while connection.read(&mut buffer).await? > 0 {}
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() -> Result<()> {
    let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
    let target = target(port)?;
    let error = failure(insert(&target, 1)).await?;
    assert!(matches!(error, InsertError::Unreachable(_)), "{error}");
    assert_eq!((error.disposition(), error.needs_person()), (Disposition::Retry, false));
    let error = failure(target.server_version()).await?;
    assert_eq!(error.disposition(), Disposition::Retry, "{error}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_in_time() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target = target(listener.local_addr()?.port())?;
    let server = tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await?;
            tokio::spawn(swallow(connection));
        }
        #[expect(unreachable_code, reason = "gives the block its type")]
        Ok::<(), std::io::Error>(())
    });
    let error = failure(insert(&target, 1000)).await?;
    assert!(matches!(error, InsertError::NoAnswer { timeout_ms: 500 }), "{error}");
    assert_eq!(error.disposition(), Disposition::Retry);
    let error = failure(target.server_version()).await?;
    assert!(matches!(error, TargetError::NoAnswer { timeout_ms: 500 }), "{error}");
    server.abort();
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_read_is_given_up_in_time() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target = target(listener.local_addr()?.port())?;
    // 8 MB: more than the sockets take in.
    let error = failure(insert(&target, 1_000_000)).await?;
    assert!(matches!(error, InsertError::NoAnswer { .. }), "{error}");
    drop(listener);
    Ok(())
}

#[tokio::test]
async fn an_insert_given_up_by_its_caller_ends_in_time_too() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target = target(listener.local_addr()?.port())?;
    let server = tokio::spawn(async move {
        let (connection, _) = listener.accept().await?;
        swallow(connection).await
    });
    let given_up = timeout(Duration::from_millis(100), insert(&target, 1000)).await;
    assert!(given_up.is_err(), "it was answered");
    // The server sees the end of the connection although nobody waits for the insert any more.
    timeout(PATIENCE, server).await.context("the insert is still going on")???;
    Ok(())
}
