//! Connections in, those that speak TLS out, as axum takes them; with who they come from.

use std::{io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    extract::connect_info::Connected,
    http::StatusCode,
    serve::{IncomingStream, Listener},
};
use openssl::ssl::Ssl;
use service::problem::Problem;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::{AbortHandle, JoinSet},
    time,
};
use tokio_openssl::SslStream;

mod certificate;

pub(crate) use self::certificate::Certificate;

/// Longest time for a handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Handshakes at the same time. Further connections wait for one of them to end.
const HANDSHAKES_MAX: usize = 256;

/// Connections that may wait for axum to take them.
const READY_MAX: usize = 16;

/// Pause after the system had no connection to give: it may have no file descriptors left.
const ACCEPT_AGAIN: Duration = Duration::from_millis(500);

/// Bytes that are read of a request that was not sent by TLS, so that its answer is not lost.
const PLAIN_BYTES_MAX: usize = 8 * 1024;

/// The first byte of every TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Accepts connections and shakes hands, apart from whoever takes them. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct TlsListener {
    ready: mpsc::Receiver<(SslStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
    accepting: AbortHandle,
}

impl TlsListener {
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// When the system does not say which address `listener` has.
    pub(crate) fn new(
        listener: TcpListener,
        certificate: Arc<Certificate>,
    ) -> anyhow::Result<Self> {
        let address = listener.local_addr().context("read the address of listen")?;
        let (shaken, ready) = mpsc::channel(READY_MAX);
        let accepting = tokio::spawn(accept(listener, certificate, shaken)).abort_handle();
        Ok(Self { ready, address, accepting })
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for TlsListener {
    type Io = SslStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // Only when this is dropped is nothing accepted any more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

async fn accept(
    listener: TcpListener,
    certificate: Arc<Certificate>,
    shaken: mpsc::Sender<(SslStream<TcpStream>, SocketAddr)>,
) {
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if handshakes.len() < HANDSHAKES_MAX => match accepted {
                Ok((connection, from)) => {
                    let (certificate, shaken) = (certificate.clone(), shaken.clone());
                    handshakes.spawn(async move {
                        let shaking = shake(connection, &certificate);
                        match time::timeout(HANDSHAKE_MAX, shaking).await {
                            Ok(Ok(Some(stream))) => drop(shaken.send((stream, from)).await),
                            Ok(Ok(None)) => {}
                            Ok(Err(error)) => {
                                let error = format!("{error:#}");
                                tracing::debug!(%from, error, "no handshake");
                            }
                            Err(_) => tracing::debug!(%from, "handshake not done in time"),
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection accepted, trying on");
                    time::sleep(ACCEPT_AGAIN).await;
                }
            },
            Some(_ended) = handshakes.join_next() => {}
        }
    }
}

/// Returns nothing when the other end does not speak TLS, and was told that it should.
async fn shake(
    mut connection: TcpStream,
    certificate: &Certificate,
) -> anyhow::Result<Option<SslStream<TcpStream>>> {
    let mut first = [0];
    let length = connection.peek(&mut first).await?;
    if length == 0 {
        return Ok(None);
    }
    if first != [HANDSHAKE] {
        refuse(&mut connection).await?;
        return Ok(None);
    }
    connection.set_nodelay(true)?;
    let ssl = Ssl::new(certificate.acceptor().context())?;
    let mut stream = SslStream::new(ssl, connection)?;
    Pin::new(&mut stream).accept().await?;
    Ok(Some(stream))
}

/// Answers a request that was sent in the clear.
async fn refuse(connection: &mut TcpStream) -> anyhow::Result<()> {
    // A connection that is closed with bytes unread may lose its answer.
    let mut request = vec![0; PLAIN_BYTES_MAX];
    let _length = connection.read(&mut request).await?;
    let problem = Problem::new(StatusCode::BAD_REQUEST, "https only")
        .detail("this port speaks https: send the request to https:// instead of http://");
    let body = serde_json::to_string(&problem)?;
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all((head + &body).as_bytes()).await?;
    Ok(connection.shutdown().await?)
}
