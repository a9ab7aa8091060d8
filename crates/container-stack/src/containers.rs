//! Settings in, servers in containers out, with levers to kill, freeze and restart them.

use std::{collections::BTreeMap, io::Write as _, time::Duration};

use anyhow::{Context as _, Result, bail};
use futures::future::try_join_all;
use local_stack::{Addresses, Blueprint, Part, Settings, Signal, StackFile};
use testcontainers::{
    ContainerAsync, GenericImage,
    bollard::{Docker, query_parameters::KillContainerOptionsBuilder},
    core::client::docker_client_instance,
    runners::AsyncRunner as _,
};

use crate::{images, leftovers, leftovers::Mark};

/// How often it is looked whether a container runs.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often it is looked whether one of many has ended by itself.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// How much of a server's output an error shows, in bytes.
const TAIL: usize = 4096;

/// Running servers. [`Containers::remove`] removes them.
#[derive(Debug)]
pub(crate) struct Containers {
    blueprint: Blueprint,
    engine: Docker,
    servers: BTreeMap<Part, ContainerAsync<GenericImage>>,
    mark: Mark,
}

impl Containers {
    /// Starts the servers, and returns when each of them answers. Images that are not there are
    /// pulled.
    pub(crate) async fn start(settings: Settings) -> Result<Self> {
        let engine = docker_client_instance().await.context("find a container engine")?;
        engine.ping().await.context("reach the container engine")?;
        leftovers::sweep(&engine).await.context("remove containers that nobody uses")?;
        let blueprint = Blueprint::draw(settings)?;
        let mark = Mark::new()?;
        let mut stack = Self { blueprint, engine, servers: BTreeMap::new(), mark };
        let started = stack.launch().await;
        if let Err(error) = started {
            stack.remove().await?;
            return Err(error);
        }
        Ok(stack)
    }

    async fn launch(&mut self) -> Result<()> {
        let parts = self.blueprint.settings().parts.clone();
        let starts = parts.iter().map(|part| {
            let request = images::request(&self.blueprint, *part, &self.mark);
            async move {
                say(&format!("starting {part} in a container"));
                let server = request?.start().await;
                anyhow::Ok((*part, server.with_context(|| format!("start {part}"))?))
            }
        });
        self.servers = try_join_all(starts).await?.into_iter().collect();
        try_join_all(parts.iter().map(|part| self.ready(*part))).await.map(drop)
    }

    /// Where they are.
    pub(crate) fn addresses(&self) -> Addresses {
        self.blueprint.addresses().clone()
    }

    /// The same, with the accounts.
    pub(crate) fn file(&self) -> StackFile {
        self.blueprint.file()
    }

    /// Sends a server a signal, or pauses its container in place of a freeze.
    pub(crate) async fn signal(&self, part: Part, signal: Signal) -> Result<()> {
        let server = self.server(part)?;
        match signal {
            Signal::Freeze => server.pause().await?,
            Signal::Continue => server.unpause().await?,
            Signal::Terminate => self.send(server, "SIGTERM").await?,
            Signal::Kill => {
                self.send(server, "SIGKILL").await?;
                self.dead(part).await?;
            }
        }
        Ok(())
    }

    /// Stops a server if it runs, and starts it on its old port and data.
    pub(crate) async fn restart(&self, part: Part) -> Result<()> {
        let server = self.server(part)?;
        if server.is_running().await? {
            // A frozen one would see SIGTERM only after it goes on; the others refuse this.
            drop(server.unpause().await);
            let seconds = i32::try_from(self.blueprint.settings().stop_within.as_secs())?;
            server.stop_with_timeout(Some(seconds)).await.context("stop the server")?;
        }
        if part == Part::ClickHouse {
            // The test may have written more accounts.
            images::let_read(&self.blueprint.conf("users.d"))?;
        }
        server.start().await.context("start the server again")?;
        self.ready(part).await
    }

    /// Waits until one has ended by itself.
    pub(crate) async fn ended(&self) -> Part {
        loop {
            tokio::time::sleep(WATCH_EVERY).await;
            for (part, server) in &self.servers {
                if matches!(server.is_running().await, Ok(false)) {
                    return *part;
                }
            }
        }
    }

    /// Removes the containers with their data.
    pub(crate) async fn remove(self) -> Result<()> {
        self.mark.remove(&self.engine).await
    }

    async fn ready(&self, part: Part) -> Result<()> {
        let within = self.blueprint.settings().ready_within;
        let what = tokio::select! {
            ready = tokio::time::timeout(within, self.blueprint.ready(part)) => match ready {
                Ok(()) => return Ok(()),
                Err(_elapsed) => format!("does not answer after {within:?}"),
            },
            dead = self.dead(part) => {
                dead?;
                "ended by itself".to_owned()
            }
        };
        bail!("{part} {what}; its last words:\n{}", self.last_words(part).await)
    }

    async fn dead(&self, part: Part) -> Result<()> {
        while self.server(part)?.is_running().await? {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn last_words(&self, part: Part) -> String {
        let Ok(server) = self.server(part) else { return String::new() };
        let mut words = server.stdout_to_vec().await.unwrap_or_default();
        words.extend(server.stderr_to_vec().await.unwrap_or_default());
        let tail = words.len().saturating_sub(TAIL);
        String::from_utf8_lossy(words.get(tail..).unwrap_or_default()).into_owned()
    }

    async fn send(&self, server: &ContainerAsync<GenericImage>, signal: &str) -> Result<()> {
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        self.engine.kill_container(server.id(), Some(options)).await.context("send a signal")
    }

    fn server(&self, part: Part) -> Result<&ContainerAsync<GenericImage>> {
        self.servers.get(&part).with_context(|| format!("this stack does not run {part}"))
    }
}

fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}
