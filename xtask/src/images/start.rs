//! The image of a service in, what goes wrong when it is started out.

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

use super::{
    Service,
    container::{Container, docker, run, told},
};
use crate::build::{self, Profile};

/// Exit code for settings that cannot be used.
const EXIT_CONFIG: i32 = 78;

/// Exit code for words that cannot be used.
const EXIT_USAGE: i32 = 2;

/// Longest wait for the first answer to a question about health.
const WITHIN: Duration = Duration::from_secs(60);

/// Starts a service as Compose does, with no network: it must come up, say that it is not ready and
/// why, and stop when told.
pub(super) fn complaints(image: &str, service: &Service) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let variable = format!("{}__NO_SUCH_KEY=1", service.variables);
    let refused = run(&["--env", &variable], image, &[])?;
    if refused.status.code() != Some(EXIT_CONFIG) {
        let code = refused.status.code();
        found.push(format!("with a wrong setting it ends with {code:?} and not {EXIT_CONFIG}"));
    }
    // The admin API does not start without its tokens; none is enough.
    let tokens = format!("{}__AUTH__TOKENS_FILE=/tokens/tokens.toml", service.variables);
    let options: &[&str] =
        if service.name == "admin-api" { &["--volume", "/tokens", "--env", &tokens] } else { &[] };
    let container = Container::created(options, image, &[])?;
    if service.name == "admin-api" {
        give_tokens(&container)?;
    }
    container.start()?;
    let health = first_health(&container)?;
    if !health.starts_with("not ready (503): waiting for: ") {
        found.push(format!("without servers it says about its health: {health}"));
    }
    let code = container.stop(30)?;
    if code != 0 {
        found.push(format!("when told to stop it ends with {code}"));
    }
    Ok(found)
}

/// Starts the fault proxy with one link: it must say where it is controlled, and stop when told.
pub(super) fn chaos_complaints(image: &str) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    if run(&[], image, &[])?.status.code() != Some(EXIT_USAGE) {
        found.push("without a link it does not say how to use it".to_owned());
    }
    let words = ["--control=127.0.0.1:8474", "--link=nobody=127.0.0.1:1024=localhost:1025"];
    let container = Container::created(&[], image, &words)?;
    container.start()?;
    let since = Instant::now();
    while !told(docker(&["logs"]).arg(container.id()))?.contains("control at http://") {
        if container.inspect()?["State"]["Status"] != "running" || since.elapsed() > WITHIN {
            found.push("it does not say where it is controlled".to_owned());
            break;
        }
    }
    let code = container.stop(10)?;
    if code != 0 {
        found.push(format!("when told to stop it ends with {code}"));
    }
    Ok(found)
}

/// What its healthcheck said first.
fn first_health(container: &Container) -> anyhow::Result<String> {
    let since = Instant::now();
    loop {
        let state = container.inspect()?["State"].take();
        if let Some(said) = state["Health"]["Log"][0]["Output"].as_str() {
            return Ok(said.trim().to_owned());
        }
        if state["Status"] != "running" {
            return Ok(format!("nothing: it ended with {}", state["ExitCode"]));
        }
        ensure!(since.elapsed() < WITHIN, "its healthcheck is never run");
    }
}

/// Puts an empty file of tokens, which only its owner may read, into a volume.
fn give_tokens(container: &Container) -> anyhow::Result<()> {
    let folder = build::folder(Profile::Dev)?.join("images");
    fs::create_dir_all(&folder).context("make a folder for tokens")?;
    fs::write(folder.join("tokens.toml"), "").context("write a file of tokens")?;
    let mut archive = Command::new("tar")
        .args(["--owner=65532", "--group=65532", "--mode=0600", "-cf", "-", "-C"])
        .arg(folder)
        .arg("tokens.toml")
        .stdout(Stdio::piped())
        .spawn()
        .context("run tar")?;
    let mut copy = docker(&["cp", "-", &format!("{}:/tokens", container.id())]);
    copy.stdin(archive.stdout.take().context("read an archive")?);
    told(&mut copy)?;
    ensure!(archive.wait().context("wait for tar")?.success(), "tar failed");
    Ok(())
}
