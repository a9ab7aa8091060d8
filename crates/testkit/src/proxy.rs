//! Connections in, the same connections to a server out, until the test gets in the way.

use std::{
    net::SocketAddr,
    num::NonZeroU32,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// Bytes copied at a time.
const CHUNK: usize = 64 * 1024;
/// Pause after an accept that failed (too many open files), so that it is not a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A TCP proxy with levers. Gone, with its connections, when it is dropped.
///
/// Kafka's clients connect to the address that the broker advertises. So a proxy for Kafka is
/// there first: [`Proxy::unconnected`], whose port goes to `Settings::kafka_proxy` of a stack of
/// one's own, then [`Proxy::forward_to`] what the stack names as `Addresses::kafka_proxied`.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    upstream: Arc<OnceLock<String>>,
    state: Arc<watch::Sender<State>>,
    accepting: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    mode: Mode,
    /// Connections of an older generation are closed.
    generation: u64,
    /// Connections of an older one have lost their server, and are not told.
    orphaned: u64,
    /// How long the server's bytes are held back.
    delay: Duration,
    /// Most bytes of a connection that go through in a second, in each direction.
    bytes_per_s: Option<NonZeroU32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Bytes go through.
    Open,
    /// Connections are accepted and stay, and no byte goes through.
    Paused,
    /// Connections are closed as soon as they are accepted.
    Refusing,
}

impl Proxy {
    /// Listens on a free port of this machine and forwards to `upstream` (`host:port`, or a URL
    /// with both).
    ///
    /// # Errors
    ///
    /// When there is no port to be had.
    pub async fn start(upstream: &str) -> anyhow::Result<Self> {
        let proxy = Self::unconnected().await?;
        proxy.forward_to(upstream);
        Ok(proxy)
    }

    /// Listens on a free port of this machine and closes every connection until it is told where
    /// to forward to.
    ///
    /// # Errors
    ///
    /// When there is no port to be had.
    pub async fn unconnected() -> anyhow::Result<Self> {
        Self::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// As [`Proxy::unconnected`], at this address.
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    pub async fn listen(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let open = State {
            mode: Mode::Open,
            generation: 0,
            orphaned: 0,
            delay: Duration::ZERO,
            bytes_per_s: None,
        };
        let state = Arc::new(watch::Sender::new(open));
        let upstream = Arc::default();
        let accepting = accept(listener, Arc::clone(&upstream), Arc::clone(&state));
        Ok(Self { address, upstream, state, accepting: tokio::spawn(accepting) })
    }

    /// Forwards connections from now on to `upstream` (`host:port`, or a URL with both). The
    /// first address stays.
    pub fn forward_to(&self, upstream: &str) {
        self.upstream.get_or_init(|| host_and_port(upstream));
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `url` with the proxy's address in place of its own.
    #[must_use]
    pub fn url(&self, url: &str) -> String {
        let own = host_and_port(url);
        url.replacen(&own, &self.address.to_string(), 1)
    }

    /// Lets no byte through in either direction, as a server that hangs.
    pub fn pause(&self) {
        self.state.send_modify(|state| state.mode = Mode::Paused);
    }

    /// Lets everything through again.
    pub fn resume(&self) {
        self.state.send_modify(|state| state.mode = Mode::Open);
    }

    /// Holds back what the server answers, each piece for so long, as a network that is slow.
    pub fn delay_answers(&self, delay: Duration) {
        self.state.send_modify(|state| state.delay = delay);
    }

    /// Lets no more than so many bytes a second through, of each connection in each direction;
    /// `None` for as many as there are.
    pub fn throttle(&self, bytes_per_s: Option<NonZeroU32>) {
        self.state.send_modify(|state| state.bytes_per_s = bytes_per_s);
    }

    /// Leaves every client with a connection that is open and that nobody answers any more, as a
    /// server that lost its power; new ones work.
    pub fn half_open(&self) {
        self.state.send_modify(|state| state.orphaned += 1);
    }

    /// Closes every connection; new ones work.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.generation += 1);
    }

    /// Closes every connection, and new ones at once, until [`Proxy::resume`].
    pub fn refuse(&self) {
        self.state.send_modify(|state| {
            state.mode = Mode::Refusing;
            state.generation += 1;
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.refuse();
    }
}

async fn accept(
    listener: TcpListener,
    upstream: Arc<OnceLock<String>>,
    state: Arc<watch::Sender<State>>,
) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let now = *state.borrow();
        let upstream = upstream.get().filter(|_| now.mode != Mode::Refusing);
        let Some(upstream) = upstream.cloned() else {
            // So that the other side sees a reset rather than an orderly end.
            drop(client.set_zero_linger());
            continue;
        };
        let mut state = state.subscribe();
        tokio::spawn(async move {
            let mut copies = state.clone();
            let closed = state.wait_for(|state| state.generation != now.generation);
            tokio::select! {
                _ = closed => {}
                () = forward(client, &upstream, &mut copies) => {}
            }
        });
    }
}

async fn forward(mut client: TcpStream, upstream: &str, state: &mut watch::Receiver<State>) {
    let orphaned = state.borrow().orphaned;
    open(state).await;
    let Ok(mut server) = TcpStream::connect(upstream).await else { return };
    // A proxy that waits for more bytes would be a fault of its own.
    drop(client.set_nodelay(true).and_then(|()| server.set_nodelay(true)));
    let (mut loss, mut other) = (state.clone(), state.clone());
    let copies = async {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        tokio::join!(
            copy(from_client, to_server, state, false),
            copy(from_server, to_client, &mut other, true)
        );
    };
    tokio::select! {
        () = copies => return,
        _ = loss.wait_for(|state| state.orphaned != orphaned) => {}
    }
    drop(server);
    let mut chunk = vec![0; CHUNK];
    while client.read(&mut chunk).await.is_ok_and(|bytes| bytes > 0) {}
}

/// Copies until the sending side ends; then tells the other side so.
async fn copy(
    from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    state: &mut watch::Receiver<State>,
    answers: bool,
) {
    pass(from, &mut to, state, answers).await;
    drop(to.shutdown().await);
}

async fn pass(
    mut from: ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    state: &mut watch::Receiver<State>,
    answers: bool,
) {
    let mut chunk = vec![0; CHUNK];
    loop {
        open(state).await;
        let rate = state.borrow().bytes_per_s;
        let Ok(bytes) = from.read(&mut chunk[..piece(rate)]).await else { return };
        let delay = state.borrow().delay;
        if answers && !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        // What arrives during a pause waits for its end.
        open(state).await;
        if bytes == 0 || to.write_all(&chunk[..bytes]).await.is_err() {
            return;
        }
        if let (Some(rate), Ok(bytes)) = (rate, u32::try_from(bytes)) {
            tokio::time::sleep(Duration::from_secs(1) * bytes / rate.get()).await;
        }
    }
}

/// Bytes to read at a time: of a slow connection a tenth of a second's, so that it flows.
fn piece(rate: Option<NonZeroU32>) -> usize {
    let slow = rate.and_then(|rate| usize::try_from(rate.get() / 10).ok());
    slow.map_or(CHUNK, |bytes| bytes.clamp(1, CHUNK))
}

async fn open(state: &mut watch::Receiver<State>) {
    // An error means that the proxy is gone, which closes the connection elsewhere.
    drop(state.wait_for(|state| state.mode == Mode::Open).await);
}

/// `127.0.0.1:8123` of `http://127.0.0.1:8123/path`.
fn host_and_port(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest).to_owned()
}
