//! Promise: an admin API and a sink of one's own, set up as the README says, work without the rest.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, ensure};
use reqwest::{Client, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret as _;
use testkit::eventually;
use tokio::process::{Child, Command};

use super::{
    binary::built,
    world::{NAME, PATIENCE, World},
};

const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md"));

#[tokio::test]
async fn an_admin_api_and_a_sink_of_ones_own_work_together() -> anyhow::Result<()> {
    let world = World::new(1).await?;
    let token = token(world.folder()).await?;
    let (mut admin_api, log) = admin_api(&world).await?;
    let sink = world.started(Command::new(built("sink").await?), &[])?;
    let line = |text: String| text.lines().find(|l| l.contains("serving the admin api")).map(port);
    let address = || line(fs::read_to_string(&log).unwrap_or_default()).flatten();
    let what = "the admin API serves";
    eventually(what, PATIENCE, async || address().is_some()).await?;
    let url = format!("http://127.0.0.1:{}/v1/pipelines", address().context("no port")?);

    let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let anonymous = client.get(&url).send().await?;
    assert_eq!(anonymous.status(), StatusCode::UNAUTHORIZED);
    let unknown = client.get(&url).bearer_auth("nobody-has-this").send().await?;
    assert_eq!(unknown.status(), StatusCode::UNAUTHORIZED);
    eventually("it has read the pipelines", PATIENCE, async || {
        let answer = client.get(&url).bearer_auth(&token).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    })
    .await?;
    world.produce(0..100, 1).await?;
    let create = client.post(&url).bearer_auth(&token).body(world.document(""));
    let answer = create.header("content-type", "application/yaml").send().await?;
    assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await?);
    world.until_committed(100).await?;
    world.expect(100, 1).await?;
    let status = client.get(format!("{url}/{NAME}/status")).bearer_auth(&token).send().await?;
    let status: serde_json::Value = status.json().await?;
    assert_eq!(status["instances"].as_array().map(Vec::len), Some(1), "{status}");

    sink.stop().await?;
    let pid = admin_api.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    kill_process(pid.context("the admin API has ended")?, Signal::TERM)?;
    let ended = tokio::time::timeout(PATIENCE, admin_api.wait()).await;
    let ended = ended.context("the admin API does not stop")??;
    ensure!(ended.success(), "the admin API ended with {ended}");
    Ok(())
}

/// Makes a token with the README's commands.
async fn token(folder: &Path) -> anyhow::Result<String> {
    let commands = block("```sh\nexport TOKEN=")?;
    let script = format!("set -eu -o pipefail\n{commands}\nprintf %s \"$TOKEN\"");
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder).output().await?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && complaint.is_empty(), "{complaint}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Starts an admin API with the README's settings. Also returns where its log is.
async fn admin_api(world: &World) -> anyhow::Result<(Child, PathBuf)> {
    let (servers, folder) = (world.servers, world.folder());
    // What is only there in this test: addresses and names.
    let settings = block("```toml\nlisten = ")?
        .replace("127.0.0.1:8700", "127.0.0.1:0")
        .replace("127.0.0.1:9465", "127.0.0.1:0")
        .replace("kafka-1:9093,kafka-2:9093", &servers.kafka)
        .replace("https://registry:8081", &servers.registry)
        .replace("https://clickhouse:8443", &servers.clickhouse_http)
        .replace(r#"user = "reader""#, &format!("user = {:?}", servers.reader.name))
        .replace(r#"schema_user = "schema""#, &format!("schema_user = {:?}", servers.schema.name));
    fs::write(folder.join("admin-api.toml"), settings)?;
    let log = folder.join("admin-api.log");
    let mut command = Command::new(built("admin-api").await?);
    command
        .args(["--config", "admin-api.toml"])
        .env("ADMIN_API__NAMESPACE", &world.namespace)
        .current_dir(folder);
    for (name, user) in [("", &servers.reader), ("_SCHEMA", &servers.schema)] {
        let file = folder.join(format!("password{name}"));
        fs::write(&file, user.password.expose_secret())?;
        command.env(format!("ADMIN_API_CLICKHOUSE{name}_PASSWORD_FILE"), file);
    }
    command.stdin(Stdio::null()).stdout(File::create(&log)?).kill_on_drop(true);
    Ok((command.spawn().context("start the admin API")?, log))
}

/// The README's block that begins so, without its fences.
fn block(begin: &str) -> anyhow::Result<String> {
    let at = README.find(begin).with_context(|| format!("no {begin}"))?;
    let (_, text) = README.split_at(at);
    let (_, text) = text.split_once('\n').context("no line")?;
    Ok(text.split_once("```").context("no end")?.0.to_owned())
}

/// The port in a line of a log that names an address.
fn port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once(r#""address":"127.0.0.1:"#)?;
    rest.split_once('"')?.0.parse().ok()
}
