//! Schemas in, ids out.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::clickhouse::http_client;

/// A schema registry with the Confluent API.
#[derive(Clone, Debug)]
pub struct Registry {
    base: String,
    client: reqwest::Client,
}

impl Registry {
    /// The registry at `base`, a URL that includes the path of the API.
    ///
    /// # Panics
    ///
    /// When this machine has no TLS library.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), client: http_client() }
    }

    /// The base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.base
    }

    /// Registers an Avro schema and returns its id.
    ///
    /// # Errors
    ///
    /// When the registry refuses; the message holds its answer.
    pub async fn register(&self, subject: &str, schema: &str) -> anyhow::Result<u32> {
        self.register_as(subject, &json!({"schema": schema})).await
    }

    /// Registers what `document` says: `schema`, `schemaType`, `references`.
    ///
    /// # Errors
    ///
    /// As [`Registry::register`].
    pub async fn register_as(&self, subject: &str, document: &Value) -> anyhow::Result<u32> {
        let request = self.client.post(format!("{}/subjects/{subject}/versions", self.base));
        let answer = send(request, document).await?;
        let id = answer.get("id").and_then(Value::as_u64).context("find the id")?;
        Ok(u32::try_from(id)?)
    }

    /// Sets the compatibility level of a subject, such as `NONE`.
    ///
    /// # Errors
    ///
    /// As [`Registry::register`].
    pub async fn set_compatibility(&self, subject: &str, level: &str) -> anyhow::Result<()> {
        let request = self.client.put(format!("{}/config/{subject}", self.base));
        send(request, &json!({"compatibility": level})).await.map(drop)
    }
}

async fn send(request: reqwest::RequestBuilder, document: &Value) -> anyhow::Result<Value> {
    let answer = request.json(document).send().await.context("reach the registry")?;
    let status = answer.status();
    let text = answer.text().await.context("read the answer of the registry")?;
    ensure!(status.is_success(), "registry: {status}: {text}");
    serde_json::from_str(&text).context("read the answer of the registry")
}
