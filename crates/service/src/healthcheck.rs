//! The address of a running service in, whether it is ready and why not out.
//!
//! For containers whose image holds nothing that could ask: no shell, no curl.

use std::{
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use axum::http::Uri;
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};

use crate::config;

/// Longest wait for the whole answer, below the timeout of the images' `HEALTHCHECK`.
/// `/readyz` asks nobody else, so a service that needs longer is not well.
const WITHIN: Duration = Duration::from_secs(4);

/// Most that is read of an answer, in bytes: far more than `/readyz` says.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

/// What a service does instead of its work.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Task {
    /// Asks the service with these settings whether it is ready: exit code 0 if so, else 1.
    Healthcheck(Options),
}

/// What may be said about a healthcheck.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// What to ask, such as `http://127.0.0.1:9464/readyz`, instead of what `service.http` says.
    #[arg(long, value_parser = url)]
    pub url: Option<Uri>,
}

/// Where a service serves its health, among all that it can be told.
#[derive(Deserialize)]
struct Settings {
    service: crate::Config,
}

impl Task {
    /// Does it. `defaults`, `file` and `variables_prefix` are those of [`config::load`]; of the
    /// settings only `service` is read, so that a check needs no secrets. Prints one line.
    pub async fn run(
        &self,
        defaults: &str,
        file: Option<&Path>,
        variables_prefix: &str,
    ) -> ExitCode {
        let Self::Healthcheck(options) = self;
        let settings = || {
            config::load::<Settings>(defaults, file, variables_prefix)
                .map(|Settings { service }| service.http)
        };
        let (line, code) = match check(options, settings).await {
            Ok(()) => ("ready".to_owned(), ExitCode::SUCCESS),
            Err(error) => (format!("{error:#}").replace('\n', " "), ExitCode::FAILURE),
        };
        // Whoever wants no reason may close the output; the exit code says it all.
        writeln!(io::stdout(), "{line}").ok();
        code
    }
}

async fn check(
    options: &Options,
    settings: impl FnOnce() -> anyhow::Result<SocketAddr>,
) -> anyhow::Result<()> {
    let place = match &options.url {
        Some(url) => Place::of(url)?,
        None => Place::serving(settings()?)?,
    };
    let asked = time::timeout(WITHIN, place.ask()).await;
    let answer = asked
        .unwrap_or_else(|_elapsed| bail!("no answer within {} s", WITHIN.as_secs()))
        .with_context(|| format!("ask {}", place.host))?;
    verdict(&answer)
}

/// Whom to ask, and for what.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// Host and port, as a person would write them.
    host: String,
    addresses: Vec<SocketAddr>,
    path: String,
}

impl Place {
    /// The readiness of a service that listens on `address`, asked from beside it.
    fn serving(address: SocketAddr) -> anyhow::Result<Self> {
        ensure!(address.port() != 0, "service.http has port 0: use --url to say which it is");
        let addresses = beside(address.ip()).into_iter();
        Ok(Self {
            host: address.to_string(),
            addresses: addresses.map(|ip| SocketAddr::new(ip, address.port())).collect(),
            path: "/readyz".to_owned(),
        })
    }

    /// What a URL says. Names are looked up when they are asked.
    fn of(url: &Uri) -> anyhow::Result<Self> {
        let host = url.host().context("the url names no host")?;
        let host = format!("{host}:{}", url.port_u16().unwrap_or(80));
        let path = url.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { host, addresses: Vec::new(), path })
    }

    /// Asks, and returns the whole answer, or as much of it as is read.
    async fn ask(&self) -> anyhow::Result<String> {
        let mut connection = if self.addresses.is_empty() {
            TcpStream::connect(&self.host).await
        } else {
            TcpStream::connect(self.addresses.as_slice()).await
        }
        .context("connect")?;
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.path, self.host
        );
        connection.write_all(request.as_bytes()).await.context("send the request")?;
        let mut answer = Vec::new();
        let mut limited = connection.take(ANSWER_BYTES_MAX);
        limited.read_to_end(&mut answer).await.context("read the answer")?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// Where to reach somebody who listens on `ip`: on this machine, when that means all addresses.
fn beside(ip: IpAddr) -> Vec<IpAddr> {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => vec![Ipv4Addr::LOCALHOST.into()],
        // It takes both unless the machine says otherwise, and may have no IPv6 to connect with.
        IpAddr::V6(ip) if ip.is_unspecified() => {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        }
        IpAddr::V4(_) | IpAddr::V6(_) => vec![ip],
    }
}

/// What an answer means: ready, or the reason why not.
fn verdict(answer: &str) -> anyhow::Result<()> {
    let status = answer
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1)?.get(..3)?.parse::<u16>().ok())
        .context("that is no answer of a web server")?;
    if status == 200 {
        return Ok(());
    }
    /// The part of a problem document that says why.
    #[derive(Deserialize)]
    struct Problem {
        detail: String,
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    match serde_json::from_str(body) {
        Ok(Problem { detail }) => bail!("not ready ({status}): {detail}"),
        Err(_) => bail!("not ready ({status})"),
    }
}

/// Accepts what can be asked without TLS and without a password, which would end up in lists of
/// processes.
fn url(text: &str) -> Result<Uri, String> {
    let url: Uri = text.parse().map_err(|_| "is not a URL".to_owned())?;
    if url.scheme_str() != Some("http") || url.host().is_none() {
        return Err("must begin with http:// and name a host".to_owned());
    }
    if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("must not contain a user or password".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
