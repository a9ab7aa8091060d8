//! `NAME=ADDRESS=HOST:PORT` in, what to stand between out.

use std::{net::SocketAddr, str::FromStr};

use anyhow::{Context as _, ensure};

/// A name that stands for every link.
pub(crate) const ALL: &str = "all";

/// Clients on one side and a server on the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) listen: SocketAddr,
    pub(crate) upstream: String,
}

impl FromStr for Link {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let mut parts = text.splitn(3, '=');
        let mut part = || parts.next().filter(|part| !part.is_empty());
        let (name, listen, upstream) = (part(), part(), part());
        let name = name.context("no name")?.to_owned();
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        ensure!(plain, "a name is of letters, digits and -");
        ensure!(name != ALL, "{ALL} stands for every link");
        let listen = listen.context("no address to listen at")?;
        let listen = listen.parse().context("not an address such as 127.0.0.1:9092")?;
        let upstream = upstream.context("no server to forward to")?.to_owned();
        ensure!(upstream.contains(':'), "a server has a port: HOST:PORT");
        Ok(Self { name, listen, upstream })
    }
}

#[cfg(test)]
mod tests;
