//! The Host and Origin of a request in, whether it was meant for us out.
//!
//! Checked on every request, also on loopback: a page of somebody else can send a browser to this
//! address (cross-site requests), or make a name of its own point to it (DNS rebinding).

use std::net::SocketAddr;

/// The names by which we may be reached.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    /// In lower case; with a port, or good for any.
    allowed: Vec<String>,
}

impl Hosts {
    /// This machine's names with the port that is served, and what the settings add.
    pub(crate) fn new(served: SocketAddr, further: &[String]) -> Self {
        let port = served.port();
        let own = ["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}"));
        let mut allowed = Vec::from(own);
        if !served.ip().is_unspecified() {
            allowed.push(served.to_string());
        }
        allowed.extend(further.iter().map(|host| host.to_ascii_lowercase()));
        Self { allowed }
    }

    /// Whether a `Host` header names us.
    pub(crate) fn allows_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.allowed.iter().any(|allowed| *allowed == host || *allowed == without_port(&host))
    }

    /// Whether an `Origin` header is that of our own page.
    pub(crate) fn allows_origin(&self, origin: &str) -> bool {
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.is_some_and(|host| self.allows_host(host))
    }
}

/// A host without its port. An IPv6 address keeps its brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests;
