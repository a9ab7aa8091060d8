//! One plain request to a service on this machine in, its status and body out.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::Context as _;

/// Longest wait for a part of an answer.
const WITHIN: Duration = Duration::from_secs(60);

/// Asks, with a token and a JSON body where they are not empty.
pub(crate) fn ask(
    address: &str,
    method: &str,
    path: &str,
    token: &str,
    body: &str,
) -> anyhow::Result<(u16, String)> {
    let mut connection =
        TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
    connection.set_read_timeout(Some(WITHIN)).context("set a timeout")?;
    let mut head = format!("{method} {path} HTTP/1.0\r\nhost: {address}\r\n");
    if !token.is_empty() {
        head.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    let length = body.len();
    head.push_str(&format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n"));
    connection.write_all(head.as_bytes()).context("send a request")?;
    connection.write_all(body.as_bytes()).context("send a body")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).context("read an answer")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("find the body of an answer")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.context("find the status of an answer")?, body.to_owned()))
}
