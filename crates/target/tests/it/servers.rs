//! Promise: an address behind which several servers answer is noticed.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use target::{Delivery, FindingKind};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
};

use crate::fixture::Fixture;

/// What the engine of these tests says it is.
const UNKNOWN: &[u8] = b"00000000-0000-0000-0000-000000000000";

/// Passes bytes on, with `id` in place of the unknown one.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    id: &[u8],
) -> Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut buffer).await?;
        let bytes = buffer.get_mut(..count).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(());
        }
        // An answer this short comes in one piece.
        if let Some(at) = bytes.windows(UNKNOWN.len()).position(|window| window == UNKNOWN) {
            bytes[at..at + UNKNOWN.len()].copy_from_slice(id);
        }
        to.write_all(bytes).await?;
    }
}

/// A balancer in front of `upstream` (`host:port`), whose connections end at `servers` servers in
/// turn. The engine of these tests has no identity of its own, so they get theirs here.
async fn balancer(upstream: String, servers: usize) -> Result<u16> {
    static ACCEPTED: AtomicUsize = AtomicUsize::new(0);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let Ok(far) = TcpStream::connect(&upstream).await else { return };
            let server = ACCEPTED.fetch_add(1, Ordering::Relaxed) % servers;
            tokio::spawn(async move {
                let (mut from_client, to_client) = near.into_split();
                let (from_server, mut to_server) = far.into_split();
                let id = format!("00000000-0000-0000-0000-{:012}", server + 1);
                tokio::join!(copy(&mut from_client, &mut to_server), async {
                    pass(from_server, to_client, id.as_bytes()).await.ok()
                })
            });
        }
    });
    Ok(port)
}

#[tokio::test]
async fn every_connection_must_end_at_the_same_server() -> Result<()> {
    let mut fixture = Fixture::new().await?;
    fixture
        .table(
            "(_topic String, _partition UInt32, _offset UInt64) ENGINE = MergeTree \
             ORDER BY _offset SETTINGS non_replicated_deduplication_window = 100000",
        )
        .await?;
    let upstream = fixture.settings.url.strip_prefix("http://").context("plain http")?.to_owned();
    for (servers, expected) in [(1, Delivery::ExactlyOnce), (2, Delivery::AtLeastOnce)] {
        let port = balancer(upstream.clone(), servers).await?;
        fixture.target =
            fixture.target_with(|settings| settings.url = format!("http://127.0.0.1:{port}"))?;
        let found = fixture.guarantee().await?;
        assert_eq!(found.delivery, expected, "{}", found.why());
        let kinds: Vec<_> = found.findings.iter().map(|finding| finding.kind).collect();
        let several = (servers > 1).then_some(FindingKind::SeveralServers);
        assert_eq!(kinds, several.into_iter().collect::<Vec<_>>());
    }
    Ok(())
}
