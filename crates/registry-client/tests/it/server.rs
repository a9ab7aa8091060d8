//! A registry that misbehaves as it is told, byte by byte, and counts what it is asked.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use registry_client::{Client, Settings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::interval,
};

/// What the server does with one request.
pub(crate) enum Reply {
    /// A complete answer: status, further header lines, body.
    Answer(u16, String, String),
    /// An answer without a length, ended by closing, as large as this.
    Endless(usize),
    /// An answer whose body is cut off in the middle.
    Truncated(String),
    /// An answer that sends one byte every 20 ms.
    Drip(String),
    /// Nothing, until the client gives up.
    Hang,
}

impl Reply {
    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self::Answer(200, String::new(), body.into())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, String::new(), "<html>sorry</html>".to_owned())
    }

    pub(crate) fn error(status: u16, code: u32) -> Self {
        let body = format!(r#"{{"error_code":{code},"message":"sorry"}}"#);
        Self::Answer(status, String::new(), body)
    }

    pub(crate) fn header(self, line: &str) -> Self {
        match self {
            Self::Answer(status, headers, body) => {
                Self::Answer(status, format!("{headers}{line}\r\n"), body)
            }
            Self::Endless(_) | Self::Truncated(_) | Self::Drip(_) | Self::Hang => self,
        }
    }

    /// An Avro schema without references.
    pub(crate) fn schema() -> Self {
        Self::ok(r#"{"schema":"\"string\""}"#)
    }

    /// An Avro schema that uses these subjects, each in version 1.
    pub(crate) fn schema_using(subjects: &[&str]) -> Self {
        let references: Vec<_> = subjects
            .iter()
            .map(|subject| format!(r#"{{"name":"{subject}","subject":"{subject}","version":1}}"#))
            .collect();
        Self::ok(format!(r#"{{"schema":"\"string\"","references":[{}]}}"#, references.join(",")))
    }
}

/// What a script sees: the n-th request (from 0), its first line without the version, its headers
/// and body as they came.
pub(crate) struct Request {
    pub(crate) nth: usize,
    pub(crate) line: String,
    pub(crate) text: String,
}

/// A server on loopback that follows a script.
pub(crate) struct Server {
    url: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn start(
        script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/base", listener.local_addr()?);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (script, seen) = (Arc::new(script), Arc::clone(&lines));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                tokio::spawn(async move { serve(stream, &*script, &seen).await });
            }
        });
        Ok(Self { url, lines })
    }

    /// Settings for this server with times that suit a test.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            url: self.url.clone(),
            timeout_ms: 300,
            total_ms_max: 3_000,
            body_bytes_max: 100_000,
            ..Settings::default()
        }
    }

    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Ok(Client::new(self.settings())?)
    }

    /// The first lines of all requests so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn requests(&self) -> usize {
        self.lines().len()
    }
}

async fn serve(
    mut stream: TcpStream,
    script: &(impl Fn(&Request) -> Reply + ?Sized),
    seen: &Mutex<Vec<String>>,
) -> anyhow::Result<()> {
    let text = read(&mut stream).await?;
    let line = text.lines().next().unwrap_or_default().replace(" HTTP/1.1", "");
    let nth = {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(line.clone());
        seen.len() - 1
    };
    match script(&Request { nth, line, text }) {
        Reply::Answer(status, headers, body) => {
            let head = head(status, &headers, body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await?;
        }
        Reply::Endless(bytes) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await?;
            for _ in 0..bytes.div_ceil(1_000) {
                stream.write_all(&[b' '; 1_000]).await?;
            }
        }
        Reply::Truncated(body) => {
            let head = head(200, "", body.len() * 2);
            stream.write_all(format!("{head}{body}").as_bytes()).await?;
        }
        Reply::Drip(body) => {
            let mut tick = interval(Duration::from_millis(20));
            let head = head(200, "", body.len());
            for byte in format!("{head}{body}").bytes() {
                tick.tick().await;
                stream.write_all(&[byte]).await?;
            }
        }
        Reply::Hang => drop(stream.read_u8().await), // ends when the client closes
    }
    stream.shutdown().await?;
    Ok(())
}

fn head(status: u16, headers: &str, length: usize) -> String {
    let tail = format!("content-length: {length}\r\nconnection: close\r\n\r\n");
    format!("HTTP/1.1 {status} x\r\n{headers}{tail}")
}

/// Reads one request with its body.
async fn read(stream: &mut TcpStream) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut buffer = [0; 4_096];
    loop {
        let count = stream.read(&mut buffer).await?;
        anyhow::ensure!(count > 0, "closed early");
        text.push_str(std::str::from_utf8(&buffer[..count])?);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(Ok(0), str::parse::<usize>)?;
        if body.len() >= length {
            return Ok(text);
        }
    }
}
