//! The environment in, where this run's servers come from out.

use std::{os::unix::net::UnixStream, path::PathBuf};

use anyhow::{Context as _, bail};
use local_stack::Settings;

/// How servers are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As processes, from packages.
    Local,
    /// In containers, from official images.
    Containers,
}

/// What `TEST_STACK` asks for; where it is not set, what this machine can do.
pub(crate) fn kind() -> anyhow::Result<Kind> {
    decide(
        variable("TEST_STACK").as_deref(),
        // Nothing is written: the folder only names where packages would be without a home.
        || Ok(local_stack::prerequisites(&Settings::new(std::env::temp_dir()))?),
        engine_answers,
    )
}

fn decide(
    asked: Option<&str>,
    local: impl FnOnce() -> anyhow::Result<()>,
    engine: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Kind> {
    match asked {
        Some("local") => return Ok(Kind::Local),
        Some("containers") => return Ok(Kind::Containers),
        Some(other) => bail!("TEST_STACK is {other:?}: it can be local or containers"),
        None => {}
    }
    let Err(no_local) = local() else { return Ok(Kind::Local) };
    let Err(no_engine) = engine() else { return Ok(Kind::Containers) };
    bail!(
        "no servers for tests: not as processes ({no_local:#}), not in containers \
         ({no_engine:#}); or set TEST_KAFKA_BROKERS, TEST_REGISTRY_URL and TEST_CLICKHOUSE_URL \
         to use servers that run elsewhere"
    )
}

/// Whether a container engine of this machine takes connections. Others would not do: the
/// servers have to be on this machine's network.
fn engine_answers() -> anyhow::Result<()> {
    let sockets: Vec<PathBuf> = match variable("DOCKER_HOST") {
        Some(host) => {
            let path = host.strip_prefix("unix://");
            vec![path.context("DOCKER_HOST is no unix:// address")?.into()]
        }
        None => usual_sockets(),
    };
    let answers = sockets.iter().any(|socket| UnixStream::connect(socket).is_ok());
    anyhow::ensure!(answers, "no container engine answers at {sockets:?}");
    Ok(())
}

/// Where testcontainers looks.
fn usual_sockets() -> Vec<PathBuf> {
    let below = |variable_name: &str, path: &str| {
        variable(variable_name).map(|folder| PathBuf::from(folder).join(path))
    };
    let of_user = [
        below("XDG_RUNTIME_DIR", ".docker/run/docker.sock"),
        below("HOME", ".docker/run/docker.sock"),
        below("HOME", ".docker/desktop/docker.sock"),
    ];
    std::iter::once("/var/run/docker.sock".into()).chain(of_user.into_iter().flatten()).collect()
}

/// Tests are configured by variables and by nothing else.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
