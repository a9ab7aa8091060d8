//! Labels and locks in, containers whose owner is gone removed out.
//!
//! Whoever holds containers labels them with an id and locks the file of that id as long as it
//! lives. The next one to start any removes the containers whose lock is free.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use futures::future::join_all;
use local_stack::runtime_dir;
use testcontainers::bollard::{
    Docker,
    errors::Error,
    query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder},
};

/// The label with the id.
const STACK: &str = "penstock.test-stack";
/// The label that says whose ids these are: locks mean something to those who see the same files.
const PLACE: &str = "penstock.test-place";

/// The mark of one owner's containers.
#[derive(Debug)]
pub(crate) struct Mark {
    id: String,
    place: String,
    path: PathBuf,
    _lock: File,
}

impl Mark {
    /// A new one.
    pub(crate) fn new() -> Result<Self> {
        let folder = locks()?;
        let unused = (0..).map(|n| format!("{}-{n}", std::process::id()));
        for id in unused.take(1000) {
            let path = folder.join(&id);
            let lock = open(&path)?;
            if lock.try_lock().is_ok() {
                return Ok(Self { id, place: place()?, path, _lock: lock });
            }
        }
        anyhow::bail!("no free lock in {}", folder.display())
    }

    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        [(STACK, &self.id), (PLACE, &self.place)]
            .map(|(key, value)| (key.to_owned(), value.clone()))
            .into()
    }

    /// Removes the containers that have it, whatever state they are in.
    pub(crate) async fn remove(&self, engine: &Docker) -> Result<()> {
        remove(engine, &self.id).await
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        // One that stays is empty, and free for the next of that id.
        drop(fs::remove_file(&self.path));
    }
}

/// Removes the containers of owners that are gone.
pub(crate) async fn sweep(engine: &Docker) -> Result<()> {
    let folder = locks()?;
    let found = list(engine, &format!("{PLACE}={}", place()?)).await?;
    let ids: BTreeSet<String> = found.into_iter().map(|(_, id)| id).collect();
    for id in ids {
        let path = folder.join(&id);
        let lock = open(&path)?;
        if lock.try_lock().is_ok() {
            remove(engine, &id).await?;
            drop(fs::remove_file(path));
        }
    }
    Ok(())
}

async fn remove(engine: &Docker, id: &str) -> Result<()> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let found = list(engine, &format!("{STACK}={id}")).await?;
    let removals = found.iter().map(|(container, _)| {
        let options = options.clone();
        async move { engine.remove_container(container, Some(options)).await }
    });
    for removed in join_all(removals).await {
        match removed {
            // Gone already, or being removed by somebody else.
            Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) | Ok(()) => {}
            Err(error) => return Err(error).context("remove a container"),
        }
    }
    Ok(())
}

/// The containers with this label, and the ids they have.
async fn list(engine: &Docker, label: &str) -> Result<Vec<(String, String)>> {
    let filters = [("label", vec![label.to_owned()])].into();
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let found = engine.list_containers(Some(options)).await.context("list containers")?;
    let names = found.into_iter().filter_map(|container| {
        let id = container.labels?.remove(STACK)?;
        Some((container.id?, id))
    });
    Ok(names.collect())
}

fn locks() -> Result<PathBuf> {
    let folder = runtime_dir()?.join("containers");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn open(path: &PathBuf) -> Result<File> {
    let mut options = OpenOptions::new();
    let options = options.create(true).write(true).truncate(false);
    options.open(path).with_context(|| format!("open {}", path.display()))
}

/// The machine and the folder of locks on it: an engine may serve more than one.
fn place() -> Result<String> {
    let folder = fs::metadata(locks()?)?;
    let name = fs::read_to_string("/proc/sys/kernel/hostname").context("read the host name")?;
    Ok(format!("{}:{}:{}", name.trim(), folder.dev(), folder.ino()))
}
