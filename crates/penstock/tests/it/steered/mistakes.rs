//! Promise: every kind of mistake is answered with what is wrong, where, and what to do about it.

use admin_api::{auth::Role, tokens};
use reqwest::{Client, Method, RequestBuilder};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use testkit::{Record, eventually, unique};

use self::requests::{
    in_offsets, in_the_document, in_the_new_table, in_the_table, in_the_topic, in_what_is_there,
    in_who_asks,
};
use super::world::{Api, NAME, PATIENCE, World};

mod requests;

const PIPELINES: &str = "/v1/pipelines";

/// A request with a mistake in it.
struct Mistake {
    what: &'static str,
    request: RequestBuilder,
    status: u16,
    title: &'static str,
    /// Where in what was sent; empty where no place can be named.
    pointer: String,
    /// What a reader must find in the message of that place, or in the detail.
    says: Vec<String>,
}

/// Somebody who asks, with and without a token.
struct Asker {
    client: Client,
    url: String,
    token: String,
}

impl Asker {
    fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.token)
    }

    fn post(&self, document: impl Into<String>) -> RequestBuilder {
        let yaml = ("content-type", "application/yaml");
        self.request(Method::POST, PIPELINES).header(yaml.0, yaml.1).body(document.into())
    }
}

fn mistake(
    what: &'static str,
    request: RequestBuilder,
    (status, title): (u16, &'static str),
    pointer: impl Into<String>,
    says: &[&str],
) -> Mistake {
    let says = says.iter().map(|text| (*text).to_owned()).collect();
    Mistake { what, request, status, title, pointer: pointer.into(), says }
}

impl Mistake {
    /// Makes it, and tells what is missing in the answer.
    async fn complaint(self) -> anyhow::Result<Option<String>> {
        let answer = self.request.send().await?;
        let kind = answer.headers().get("content-type").cloned();
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let errors = body["errors"].as_array().into_iter().flatten();
        let here = errors.filter(|error| error["pointer"] == *self.pointer);
        let mut messages: Vec<&Value> = here.map(|error| &error["message"]).collect();
        if self.pointer.is_empty() {
            messages.push(&body["detail"]);
        }
        let said: String = messages.into_iter().filter_map(Value::as_str).collect();
        let told = status == self.status
            && kind.is_some_and(|kind| kind == "application/problem+json")
            && body["status"] == status
            && body["title"] == self.title
            && self.says.iter().all(|word| said.contains(word));
        Ok((!told).then(|| format!("{}: {:?} not in {status} {text}", self.what, self.says)))
    }
}

async fn all_are_told(mistakes: Vec<Mistake>) -> anyhow::Result<()> {
    let mut complaints = Vec::new();
    for mistake in mistakes {
        complaints.extend(mistake.complaint().await?);
    }
    anyhow::ensure!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    Ok(())
}

#[tokio::test]
async fn every_mistake_is_told() -> anyhow::Result<()> {
    let world = World::new(2).await?;
    let file = world.folder().join("tokens.toml");
    let viewer = tokens::create(&file, "a-viewer", Role::Viewer)?;
    let (api, sink) = (world.api().await?, world.sink()?);
    let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let ask = Asker { client, url: api.url.clone(), token: world.token().to_owned() };

    let mut found = Vec::new();
    let mut keep = |done: anyhow::Result<()>| found.extend(done.err().map(|e| format!("{e:#}")));
    keep(all_are_told(in_the_document(&world, &ask)).await);
    keep(all_are_told(in_the_topic(&world, &ask).await?).await);
    keep(all_are_told(in_the_table(&world, &ask).await?).await);
    keep(all_are_told(in_the_new_table(&world, &ask).await?).await);
    keep(all_are_told(in_who_asks(&ask, viewer.expose_secret())).await);
    let other = unique("topic");
    world.servers.kafka().create_topic(&other, 1, &[]).await?;
    world.produce(0..10, 2).await?;
    api.create(world.document("")).await?;
    world.until_committed(10).await?;
    api.until_state("running").await?;
    keep(all_are_told(in_what_is_there(&world, &ask, &other)).await);
    keep(all_are_told(in_offsets(&world, &ask)).await);
    keep(a_plan_tells_too(&world, &api, &other).await);
    keep(a_second_replay_is_refused(&world, &api).await);
    anyhow::ensure!(found.is_empty(), "{}", found.join("\n"));
    sink.stop().await?;
    api.stop().await
}

/// What nobody may do is no part of a plan, and what cannot be known yet is.
async fn a_plan_tells_too(world: &World, api: &Api, topic: &str) -> anyhow::Result<()> {
    let elsewhere = world.document("").replace(&world.topic, topic);
    let path = format!("{PIPELINES}/{NAME}?dry_run=true");
    let plan = api.done(Method::PUT, &path, elsewhere.clone()).await?;
    let has = |plan: &Value, severity: &str, pointer: &str, message: &str| {
        plan["findings"].as_array().into_iter().flatten().any(|note| {
            let text = note["message"].as_str().unwrap_or_default();
            note["severity"] == severity && note["pointer"] == pointer && text.contains(message)
        })
    };
    anyhow::ensure!(has(&plan, "error", "/source/topics", "cannot change in place"), "{plan}");
    anyhow::ensure!(plan["runnable"] == false, "{plan}");
    let path = format!("{PIPELINES}?dry_run=true");
    let second = world.document("").replace("name: rows", "name: others");
    let plan = api.done(Method::POST, &path, second).await?;
    anyhow::ensure!(has(&plan, "error", "", "every record would be there twice"), "{plan}");
    let elsewhere = elsewhere.replace("name: rows", "name: others");
    let plan = api.done(Method::POST, &path, elsewhere).await?;
    let subject = format!("no subject {topic}-value");
    anyhow::ensure!(has(&plan, "warning", "/source/topics/0", &subject), "{plan}");
    Ok(())
}

/// A letter of a record is replayed once, unless somebody insists.
async fn a_second_replay_is_refused(world: &World, api: &Api) -> anyhow::Result<()> {
    let path = format!("{PIPELINES}/{NAME}");
    let document = world.document("").replace("]}", "], null_value: dead-letter}");
    api.done(Method::PUT, &path, document).await?;
    let tombstone = Record { key: Some(b"k".to_vec()), ..Record::default() };
    world.servers.kafka().produce(&world.topic, vec![tombstone.to_partition(0)]).await?;
    let letters = format!("{path}/dead-letters");
    eventually("a dead letter", PATIENCE, async || {
        let page = api.done(Method::GET, &letters, None).await;
        page.is_ok_and(|page| page["letters"].as_array().is_some_and(|found| found.len() == 1))
    })
    .await?;
    let replay = format!("{letters}/replay");
    let this = json!({"letters": [{"partition": 0, "offset": 0}]}).to_string();
    let first = api.done(Method::POST, &replay, this.clone()).await?;
    anyhow::ensure!(first["replayed"] == 1, "{first}");
    let second = api.done(Method::POST, &replay, this.clone()).await?;
    anyhow::ensure!(
        second["replayed"] == 0 && second["refusals"][0]["why"] == "replayed-before",
        "{second}"
    );
    let forced = api.done(Method::POST, &format!("{replay}?force=true"), this).await?;
    anyhow::ensure!(forced["replayed"] == 1, "{forced}");
    Ok(())
}

/// What only inserting shows is told by the status.
#[tokio::test]
async fn an_account_that_may_not_insert_is_told() -> anyhow::Result<()> {
    let world = World::new(1).await?;
    let reader = &world.servers.reader;
    let env = [
        ("SINK__CLICKHOUSE__USER", reader.name.clone()),
        ("SINK_CLICKHOUSE_PASSWORD", reader.password.expose_secret().to_owned()),
    ];
    let (api, sink) = (world.api().await?, world.sink_with(&env)?);
    world.produce(0..10, 1).await?;
    api.create(world.document("")).await?;
    let table = format!("{}.rows", world.database);
    api.until_status("it says which right is missing", |status| {
        let error = status["instances"][0]["last_error"]["message"].as_str().unwrap_or_default();
        let says = [&*reader.name, "INSERT", &*table];
        status["state"] == "failed" && says.iter().all(|word| error.contains(word))
    })
    .await?;
    let advice = api.status().await?["advice"].clone();
    assert!(advice.as_str().is_some_and(|text| text.contains("right")), "{advice}");

    sink.stop().await?;
    let sink = world.sink()?;
    world.until_committed(10).await?;
    world.expect(10, 1).await?;
    sink.stop().await?;
    api.stop().await
}
