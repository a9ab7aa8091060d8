//! Connections in, the same connections to servers out, until somebody gets in the way by HTTP.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
};

use anyhow::Context as _;
use clap::Parser;
use testkit::Proxy;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{control::Links, link::Link};

mod control;
mod link;

/// Stands between clients and servers, and makes faults when it is asked to.
///
/// GET / tells what there is. PUT makes a fault, of one link or, as LINK, of `all`:
///
///   PUT /LINK/delay?ms=500               holds back each piece of an answer for so long
///   PUT /LINK/throttle?bytes_per_s=1000  lets no more through, of each connection and direction
///   PUT /LINK/pause                      lets no byte through, and loses none
///   PUT /LINK/cut                        closes every connection; new ones work
///   PUT /LINK/refuse                     closes every connection, and new ones at once
///   PUT /LINK/half-open                  connections stay open and nobody answers; new ones work
///   PUT /LINK/reset                      ends all of that
#[derive(Debug, Parser)]
#[command(verbatim_doc_comment)]
#[expect(clippy::doc_markdown, reason = "the text is what --help prints")]
struct Options {
    /// Where faults are asked for. It asks for no password.
    #[arg(long, default_value = "127.0.0.1:8474")]
    control: SocketAddr,
    /// What to stand between: NAME=ADDRESS=HOST:PORT listens at ADDRESS and forwards to HOST:PORT.
    #[arg(long = "link", value_name = "NAME=ADDRESS=HOST:PORT", required = true)]
    links: Vec<Link>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let mut links = Links::default();
    for link in options.links {
        let proxy = Proxy::listen(link.listen)
            .await
            .with_context(|| format!("listen at {} for {}", link.listen, link.name))?;
        links.add(link, proxy)?;
    }
    let listener = TcpListener::bind(options.control).await.context("listen for control")?;
    // Whoever wants no word of it may close the output.
    writeln!(io::stdout(), "control at http://{}", listener.local_addr()?).ok();
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    tokio::select! {
        result = axum::serve(listener, control::router(links)) => result.context("serve control"),
        _ = terminate.recv() => Ok(()),
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}
