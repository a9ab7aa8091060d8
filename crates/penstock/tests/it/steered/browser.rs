//! Promise: all of it can be done by hand, on the page, in a browser.

use std::{path::PathBuf, process::Stdio};

use anyhow::Context;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use testkit::{Record, eventually};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::world::{NAME, PATIENCE, World};

/// A headless Chromium, and the driver that ends it.
struct Browser {
    client: Client,
    driver: Child,
    /// Where pictures go.
    pictures: PathBuf,
}

impl Browser {
    async fn start() -> anyhow::Result<Self> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("start chromedriver (Debian's packages chromium and chromium-driver)")?;
        let output = driver.stdout.take().context("no output")?;
        let mut lines = BufReader::new(output).lines();
        let port = loop {
            let line = lines.next_line().await?.context("chromedriver names no port")?;
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        // Whoever runs tests as root has no sandbox; with a pipe it ends when the driver does.
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--window-size=1280,900",
            "--remote-debugging-pipe",
        ];
        let wanted = json!({"goog:chromeOptions": {"args": arguments}});
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted.as_object().cloned().context("capabilities")?)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("open a browser")?;
        let pictures = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page");
        std::fs::create_dir_all(&pictures)?;
        Ok(Self { client, driver, pictures })
    }

    async fn click(&self, css: &str) -> anyhow::Result<()> {
        let wait = self.client.wait().at_most(PATIENCE);
        let found = wait.for_element(Locator::Css(css)).await;
        found.with_context(|| format!("find {css}"))?.click().await.context(css.to_owned())
    }

    async fn text(&self, css: &str) -> anyhow::Result<String> {
        Ok(self.client.find(Locator::Css(css)).await?.text().await?)
    }

    /// Waits until an element says `wanted`, without loading the page again.
    async fn until(&self, css: &str, wanted: &str) -> anyhow::Result<()> {
        let what = format!("{css} says {wanted}");
        let waited = eventually(&what, PATIENCE, async || {
            self.text(css).await.is_ok_and(|text| text.contains(wanted))
        });
        match waited.await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(self.text("main").await?)),
        }
    }

    /// Loads the page again until an element says `wanted`.
    async fn until_loaded(&self, css: &str, wanted: &str) -> anyhow::Result<()> {
        eventually(&format!("{css} says {wanted} when loaded"), PATIENCE, async || {
            let loaded = self.client.refresh().await.is_ok();
            loaded && self.text(css).await.is_ok_and(|text| text.contains(wanted))
        })
        .await
    }

    async fn picture(&self, name: &str) -> anyhow::Result<()> {
        let bytes = self.client.screenshot().await?;
        Ok(std::fs::write(self.pictures.join(name).with_extension("png"), bytes)?)
    }

    async fn stop(mut self) -> anyhow::Result<()> {
        self.client.close().await?;
        self.driver.kill().await.context("stop chromedriver")
    }
}

#[tokio::test]
async fn a_pipeline_is_made_watched_paused_and_mended_by_hand() -> anyhow::Result<()> {
    let world = World::new(1).await?;
    let (api, sink) = (world.api().await?, world.sink()?);
    world.produce(0..40, 1).await?;
    let tombstone = Record { key: Some(b"k".to_vec()), ..Record::default() };
    world.servers.kafka().produce(&world.topic, vec![tombstone.to_partition(0)]).await?;
    let browser = Browser::start().await?;

    browser.client.goto(&api.login_link).await?;
    browser.click("form[action='/login'] button.primary").await?;
    browser.until("h1", "Pipelines").await?;
    browser.client.goto(&format!("{}/new?q={}", api.url, world.topic)).await?;
    browser.click("main table a.button").await?;
    let document = format!(
        "name: {NAME}\nsource: {{topics: [{}], null_value: dead-letter}}\n\
         target: {{database: {}, table: rows}}\n",
        world.topic, world.database
    );
    let text = browser.client.wait().at_most(PATIENCE).for_element(Locator::Id("document-text"));
    let text = text.await?;
    text.clear().await?;
    text.send_keys(&document).await?;
    browser.picture("new").await?;
    browser.click("#document button.primary").await?;
    browser.until("main", "CREATE TABLE").await?;
    browser.picture("plan").await?;
    browser.click("button[formaction='/new/create']").await?;

    // Rows arrive while one looks on.
    browser.until("h1", NAME).await?;
    world.until_rows(40).await?;
    browser.until_loaded("[data-partition]", "reading").await?;
    browser.until("[data-tile='total'] [data-field='value']", "40").await?;
    world.produce(40..60, 1).await?;
    browser.until("[data-tile='total'] [data-field='value']", "60").await?;
    browser.picture("pipeline").await?;

    // What was told happens before one's eyes: nothing of this loads the page again.
    browser.click("form[action$='/pause'] button").await?;
    browser.until(".title .health", "Paused").await?;
    browser.until("#actions", "Resume").await?;
    world.produce(60..70, 1).await?;
    browser.until("[data-tile='lag'] [data-field='value']", "10").await?;
    assert_eq!(world.rows().await, 60);
    browser.click("form[action$='/resume'] button").await?;
    browser.until(".title .health", "Running").await?;
    browser.until("#actions", "Pause").await?;
    world.until_rows(70).await?;

    mend(&browser, &api.url).await?;
    remove(&browser, &api.url, &world).await?;
    browser.stop().await?;
    sink.stop().await?;
    api.stop().await
}

/// Looks at the dead letter, takes it along and replays it.
async fn mend(browser: &Browser, url: &str) -> anyhow::Result<()> {
    browser.client.goto(&format!("{}/pipelines/{NAME}/dead-letters", url)).await?;
    browser.until("main table", "null-value").await?;
    browser.until("main tbody td[data-label^='Replayed']", "no").await?;
    browser.picture("dead-letters").await?;
    // What the link leads to, which the browser would put into a file.
    let fetched = "return fetch(document.querySelector('a[download]').href).then(a => a.text())";
    let lines = browser.client.execute(fetched, Vec::new()).await?;
    let lines = lines.as_str().context("text")?;
    assert!(lines.contains("null-value") && lines.lines().count() == 1, "{lines}");
    browser.click("main table th a").await?;
    browser.until("main", "Replay this record").await?;
    browser.picture("dead-letter").await?;
    browser.click("form[action$='/replay'] button.primary").await?;
    browser.until("main", "on its way through the pipeline").await?;
    // It comes back, since nothing was mended.
    browser.client.goto(&format!("{}/pipelines/{NAME}/dead-letters", url)).await?;
    browser.until_loaded("main tbody tr:first-child td[data-label='Attempt']", "2").await?;
    browser.until("main tbody tr:last-child td[data-label^='Replayed']", "Replayed").await?;
    Ok(())
}

/// Deletes the pipeline with its offsets and dead letters.
async fn remove(browser: &Browser, url: &str, world: &World) -> anyhow::Result<()> {
    browser.client.goto(&format!("{}/pipelines/{NAME}", url)).await?;
    browser.click(".danger summary").await?;
    browser.click(".danger input[value='offsets']").await?;
    browser.click(".danger input[value='dead-letters']").await?;
    browser.picture("delete").await?;
    let name = browser.client.find(Locator::Css(".danger input[name='confirm']")).await?;
    name.send_keys(NAME).await?;
    browser.click(".danger button.bad").await?;
    // Loading a page before the form is sent would take the form back.
    browser.until("main", "It drains and is then removed").await?;
    browser.until_loaded("main", "No pipelines yet").await?;
    let kafka = world.servers.kafka();
    let group = format!("{}.{NAME}", world.namespace);
    assert_eq!(kafka.committed_sum(&group, &world.topic).await?, 0);
    for kind in ["dead-letters", "replay"] {
        let topic = format!("{}.{kind}.{NAME}", world.namespace);
        eventually(&format!("{topic} is gone"), PATIENCE, async || {
            let ends = kafka.end_offsets(&topic).await;
            ends.is_err_and(|error| error.to_string().contains("does not exist"))
        })
        .await?;
    }
    assert_eq!(world.rows().await, 70, "the table stays");
    Ok(())
}
