//! An admin API of one test's own, with a namespace that nobody else has, and somebody to ask it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use admin_api::{AdminApi, Config, auth::Role, tokens};
use anyhow::{Context, ensure};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tempfile::TempDir;
use testkit::{
    Record, Servers,
    avro::{framed, long, string},
    eventually, unique,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Long enough for a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The schema of most tests.
pub(crate) const SCHEMA: &str = r#"{"type":"record","name":"Sale","fields":[
    {"name":"id","type":"long"},
    {"name":"note","type":["null","string"]},
    {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}"#;

/// What two processes of one installation share.
pub(crate) struct Scene {
    pub(crate) servers: &'static Servers,
    pub(crate) namespace: String,
    pub(crate) topic: String,
    pub(crate) database: String,
    folder: TempDir,
    viewer: String,
    operator: String,
    admin: String,
}

/// A running admin API.
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    pub(crate) health: SocketAddr,
    pub(crate) link: String,
    client: Client,
    stop: CancellationToken,
    run: JoinHandle<anyhow::Result<()>>,
}

impl Scene {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let servers = testkit::stack().await?;
        let topic = unique("topic");
        servers.kafka().create_topic(&topic, 2, &[]).await?;
        let folder = TempDir::new()?;
        let path = folder.path().join("tokens.toml");
        let token = |name: &str, role| {
            tokens::create(&path, name, role).map(|token| token.expose_secret().to_owned())
        };
        Ok(Self {
            servers,
            namespace: unique("ns"),
            topic,
            database: servers.clickhouse().create_database().await?,
            viewer: token("a-viewer", Role::Viewer)?,
            operator: token("an-operator", Role::Operator)?,
            admin: token("an-admin", Role::Admin)?,
            folder,
        })
    }

    pub(crate) fn token(&self, role: Role) -> &str {
        match role {
            Role::Public => "",
            Role::Viewer => &self.viewer,
            Role::Operator => &self.operator,
            Role::Admin => &self.admin,
        }
    }

    pub(crate) fn tokens_file(&self) -> PathBuf {
        self.folder.path().join("tokens.toml")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let mut config = Config::defaults()?;
        let servers = self.servers;
        config.namespace.clone_from(&self.namespace);
        config.listen.set_port(0);
        config.service.http.set_port(0);
        config.kafka.brokers.clone_from(&servers.kafka);
        config.registry.url.clone_from(&servers.registry);
        config.clickhouse.url.clone_from(&servers.clickhouse_http);
        config.clickhouse.user.clone_from(&servers.reader.name);
        config.clickhouse.schema_user.clone_from(&servers.schema.name);
        config.secrets.clickhouse = Some(servers.reader.password.clone());
        config.secrets.clickhouse_schema = Some(servers.schema.password.clone());
        config.auth.tokens_file = self.tokens_file();
        Ok(config)
    }

    /// Registers [`SCHEMA`] for the topic's values.
    pub(crate) async fn register(&self) -> anyhow::Result<u32> {
        self.servers.registry().register(&format!("{}-value", self.topic), SCHEMA).await
    }

    pub(crate) async fn api(&self) -> anyhow::Result<Api> {
        Api::start(self.config()?).await
    }

    /// A document about the scene's topic and table `rows`.
    pub(crate) fn document(&self, name: &str, further: &str) -> String {
        format!(
            "name: {name}\nsource: {{topics: [{}]}}\ntarget: {{database: {}, table: rows}}\n{further}",
            self.topic, self.database
        )
    }
}

impl Api {
    pub(crate) async fn start(config: Config) -> anyhow::Result<Self> {
        let api = AdminApi::bind(config).await?;
        let (address, health, link) = (api.address(), api.health_address()?, api.login_link());
        let stop = CancellationToken::new();
        let run = tokio::spawn(api.run(stop.clone()));
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()?;
        let api = Self { address, health, link, client, stop, run };
        let readyz = format!("http://{health}/readyz");
        eventually("the admin api is ready", PATIENCE, async || {
            let answer = api.client.get(&readyz).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await?;
        Ok(api)
    }

    /// A request without credentials.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(token)
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> anyhow::Result<Value> {
        let answer = self.request(Method::GET, path, token).send().await?;
        let (status, body) = parts(answer).await?;
        ensure!(status.is_success(), "{path}: {status}: {body}");
        Ok(body)
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.run).await.context("it should have ended")??
    }
}

/// Status and body of an answer; `Null` where the body is no JSON.
pub(crate) async fn parts(answer: Response) -> anyhow::Result<(StatusCode, Value)> {
    let status = answer.status();
    let text = answer.text().await?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
}

/// The status and the problem of a refused request, whatever it was refused for.
pub(crate) async fn refusal(request: RequestBuilder) -> anyhow::Result<(u16, Value)> {
    let answer = request.send().await?;
    let kind = answer.headers().get("content-type").cloned();
    let (status, body) = parts(answer).await?;
    ensure!(
        kind.is_some_and(|kind| kind == "application/problem+json"),
        "{status} is not a problem document: {body}"
    );
    ensure!(body["status"] == status.as_u16(), "{body}");
    ensure!(body["title"].as_str().is_some_and(|title| !title.is_empty()), "{body}");
    Ok((status.as_u16(), body))
}

/// A record of [`SCHEMA`] in partition 0, in the registry's wire format.
pub(crate) fn row(schema_id: u32, id: i64) -> Record {
    let note = [long(1), string("hi")].concat();
    let datum = [long(id), note, long(1_795_255_200_123)].concat();
    Record::of(framed(schema_id, &datum)).to_partition(0)
}
