//! Every lever of the proxy does what it says.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

use testkit::{Proxy, eventually};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// Long enough for a byte to come back on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);
/// Short enough for a test, long enough for a byte that should not come to come.
const SILENCE: Duration = Duration::from_millis(300);

/// A server that sends every byte back.
pub(crate) async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = client.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    format!("http://{address}/some/path")
}

pub(crate) async fn send(connection: &mut TcpStream, byte: u8) -> std::io::Result<u8> {
    connection.write_all(&[byte]).await?;
    connection.read_u8().await
}

#[tokio::test]
async fn a_pause_holds_bytes_back_and_loses_none() {
    let upstream = echo().await;
    let proxy = Proxy::start(&upstream).await.unwrap();
    assert_eq!(proxy.url(&upstream), format!("http://{}/some/path", proxy.address()));
    let mut connection = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(send(&mut connection, 1).await.unwrap(), 1);

    proxy.pause();
    connection.write_all(&[2]).await.unwrap();
    timeout(SILENCE, connection.read_u8()).await.expect_err("a byte came through a pause");
    let mut late = TcpStream::connect(proxy.address()).await.unwrap();
    timeout(SILENCE, send(&mut late, 3)).await.expect_err("a new connection works in a pause");

    proxy.resume();
    assert_eq!(timeout(PATIENCE, connection.read_u8()).await.unwrap().unwrap(), 2);
    assert_eq!(timeout(PATIENCE, late.read_u8()).await.unwrap().unwrap(), 3);
}

#[tokio::test]
async fn a_cut_ends_connections_and_refusing_ends_new_ones_too() {
    let proxy = Proxy::start(&echo().await).await.unwrap();
    let mut connection = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(send(&mut connection, 1).await.unwrap(), 1);
    proxy.cut();
    timeout(PATIENCE, send(&mut connection, 2)).await.unwrap().expect_err("not cut");
    let mut connection = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(send(&mut connection, 3).await.unwrap(), 3);

    proxy.refuse();
    timeout(PATIENCE, send(&mut connection, 4)).await.unwrap().expect_err("not cut");
    let refused = async || {
        let connection = TcpStream::connect(proxy.address()).await;
        match connection {
            Ok(mut connection) => send(&mut connection, 5).await.is_err(),
            Err(_) => true,
        }
    };
    eventually("connections are refused", PATIENCE, refused).await.unwrap();
    proxy.resume();
    let mut connection = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(send(&mut connection, 6).await.unwrap(), 6);
}

#[tokio::test]
async fn a_delay_holds_answers_back_and_loses_none() {
    let proxy = Proxy::start(&echo().await).await.unwrap();
    let mut connection = TcpStream::connect(proxy.address()).await.unwrap();
    proxy.delay_answers(SILENCE);
    let asked = Instant::now();
    assert_eq!(timeout(PATIENCE, send(&mut connection, 1)).await.unwrap().unwrap(), 1);
    assert!(asked.elapsed() >= SILENCE, "answered after {:?}", asked.elapsed());
}

#[tokio::test]
async fn a_throttle_slows_both_directions_and_loses_none() {
    const BYTES: usize = 200;
    let proxy = Proxy::start(&echo().await).await.unwrap();
    proxy.throttle(NonZeroU32::new(400));
    let mut connection = TcpStream::connect(proxy.address()).await.unwrap();
    let began = Instant::now();
    let sent: Vec<u8> = (0..BYTES).map(|byte| byte.try_into().unwrap()).collect();
    connection.write_all(&sent).await.unwrap();
    let mut received = vec![0; BYTES];
    timeout(PATIENCE, connection.read_exact(&mut received)).await.unwrap().unwrap();
    assert_eq!(received, sent);
    // Half a second's worth there, of which the last piece need not be waited for.
    assert!(began.elapsed() >= SILENCE, "all there after {:?}", began.elapsed());
}

#[tokio::test]
async fn a_half_open_connection_stays_and_nobody_answers() {
    let proxy = Proxy::start(&echo().await).await.unwrap();
    let mut connection = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(send(&mut connection, 1).await.unwrap(), 1);
    proxy.half_open();
    timeout(SILENCE, connection.read_u8()).await.expect_err("the client was told");
    timeout(SILENCE, send(&mut connection, 2)).await.expect_err("somebody answered");
    let mut fresh = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(timeout(PATIENCE, send(&mut fresh, 3)).await.unwrap().unwrap(), 3);
    timeout(SILENCE, connection.read_u8()).await.expect_err("it came to life again");
}
