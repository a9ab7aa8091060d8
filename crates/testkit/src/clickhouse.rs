//! SQL in, text out, over HTTP.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{User, unique};

/// Longest that one query may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A ClickHouse as one user.
#[derive(Clone, Debug)]
pub struct ClickHouse {
    url: String,
    user: String,
    password: SecretString,
    client: reqwest::Client,
}

impl ClickHouse {
    /// The server at `url` as `user`.
    ///
    /// # Panics
    ///
    /// When this machine has no TLS library.
    #[must_use]
    pub fn new(url: &str, user: &User) -> Self {
        Self {
            url: url.to_owned(),
            user: user.name.clone(),
            password: user.password.clone(),
            client: http_client(),
        }
    }

    /// The same server as another user.
    #[must_use]
    pub fn as_user(&self, user: &User) -> Self {
        Self { user: user.name.clone(), password: user.password.clone(), ..self.clone() }
    }

    /// The URL it was given.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs `sql` and returns the answer without its last newline. `SELECT` answers in
    /// tab-separated lines unless the query names a format.
    ///
    /// # Errors
    ///
    /// When the server refuses; the message holds its answer.
    pub async fn query(&self, sql: &str) -> anyhow::Result<String> {
        self.send(&[], sql.to_owned().into_bytes()).await
    }

    /// Runs `sql`, such as `INSERT INTO t FORMAT Native`, on `data`.
    ///
    /// # Errors
    ///
    /// As [`ClickHouse::query`].
    pub async fn insert(&self, sql: &str, data: Vec<u8>) -> anyhow::Result<()> {
        self.send(&[("query", sql)], data).await.map(drop)
    }

    /// The number that `sql` answers.
    ///
    /// # Errors
    ///
    /// As [`ClickHouse::query`], and when the answer is no number.
    pub async fn count(&self, sql: &str) -> anyhow::Result<u64> {
        let answer = self.query(sql).await?;
        answer.parse().with_context(|| format!("{answer:?} is no number"))
    }

    /// Creates a database that no other test has, and in which the users of the stack have
    /// their rights.
    ///
    /// # Errors
    ///
    /// As [`ClickHouse::query`].
    pub async fn create_database(&self) -> anyhow::Result<String> {
        let name = unique("db");
        self.query(&format!("CREATE DATABASE {name}")).await?;
        Ok(name)
    }

    async fn send(&self, parameters: &[(&str, &str)], body: Vec<u8>) -> anyhow::Result<String> {
        let url = reqwest::Url::parse_with_params(&self.url, parameters)?;
        let answer = self
            .client
            .post(url)
            .header("X-ClickHouse-User", &self.user)
            .header("X-ClickHouse-Key", self.password.expose_secret())
            .body(body)
            .send()
            .await
            .context("reach ClickHouse")?;
        let status = answer.status();
        let text = answer.text().await.context("read the answer of ClickHouse")?;
        ensure!(status.is_success(), "ClickHouse: {status}: {}", text.trim());
        Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }
}

/// A client for servers on this machine: no proxy, and an end to waiting.
#[expect(clippy::expect_used, reason = "a test cannot go on without a client")]
pub(crate) fn http_client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(ANSWER_WITHIN)
        .build()
        .expect("build an HTTP client")
}
