//! Promise: every command in docs/admin-api.md does what it says.

use anyhow::{Context, ensure};
use tokio::process::Command;

use super::world::World;

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/admin-api.md"));

#[tokio::test]
async fn every_command_works() -> anyhow::Result<()> {
    let world = World::new(2).await?;
    let (api, sink) = (world.api().await?, world.sink()?);
    world.produce(0..100, 2).await?;
    let (setting, commands) = commands()
        .split_first()
        .map(|(first, rest)| (first.clone(), rest.to_vec()))
        .context("no commands")?;
    ensure!(setting.contains("export API="), "the first commands say where the API is");
    // What is only there in this test: addresses, names and the one field of its records.
    let function = setting.lines().last().context("no function")?;
    let url = &api.url;
    let script =
        format!("set -eu -o pipefail\nexport API={url}\n{function}\n{}", commands.join("\n"))
            .replace("[orders]", &format!("[{}]", world.topic))
            .replace("/topics/orders", &format!("/topics/{}", world.topic))
            .replace("orders-value", &format!("{}-value", world.topic))
            .replace("database: shop", &format!("database: {}", world.database))
            .replace("[customer_id]", "[id]");
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(world.folder())
        .env("TOKEN", world.token())
        .output()
        .await
        .context("run bash")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{}\n{said}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    ensure!(commands.len() >= 9, "only {} blocks of commands were found", commands.len());
    sink.stop().await?;
    api.stop().await
}

/// The blocks of shell commands, in their order.
fn commands() -> Vec<String> {
    let blocks = PAGE.split("```sh\n").skip(1);
    blocks.filter_map(|block| Some(block.split_once("```")?.0.trim_end().to_owned())).collect()
}
