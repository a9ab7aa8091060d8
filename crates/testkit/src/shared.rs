//! The build in, servers that all its test binaries share out.
//!
//! The other half is in `local_stack::shared`.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

use anyhow::{Context as _, bail};
use local_stack::{
    StackFile, runtime_dir,
    shared::{SERVE_COMMAND, SharedFolder},
};

use crate::{
    binary,
    choose::Kind,
    servers::{Servers, of_file},
};

/// How often a lock or a file that others make is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a server may take, packages and all.
const READY_WITHIN: Duration = Duration::from_secs(20 * 60);
/// A folder is old when no server was started in it for so long.
const UNUSED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The servers of this build, started if they do not run. They stay at least as long as this
/// process.
pub(crate) async fn servers(kind: Kind) -> anyhow::Result<Servers> {
    static LEASE: OnceLock<File> = OnceLock::new();

    let program = binary::of(kind).await?;
    let tests = runtime_dir()?.join("tests");
    let folder = SharedFolder::create(tests.join(key(&program)?))?;
    remove_old(&tests);
    // One process after the other, so that one server is started and not two.
    let start = folder.start_lock()?;
    lock(|| start.try_lock()).await.context("lock the start of the servers")?;
    let lease = folder.lease()?;
    lock(|| lease.try_lock_shared()).await.context("lease the servers")?;
    if !is_served(&folder)? {
        start_server(&program, &folder).await?;
    }
    let path = StackFile::path(folder.root());
    let text = fs::read(&path).context("read the addresses of the servers")?;
    let servers = of_file(&serde_json::from_slice(&text).context("read the addresses")?)?;
    // A second one can come only from a race in this process, and does no harm.
    drop(LEASE.set(lease));
    Ok(servers)
}

/// Whether a server holds the folder. The caller holds the start lock.
fn is_served(folder: &SharedFolder) -> anyhow::Result<bool> {
    match folder.server_lock()?.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error).context("look for a server"),
    }
}

async fn start_server(program: &Path, folder: &SharedFolder) -> anyhow::Result<()> {
    // Of a server that was killed.
    StackFile::remove(folder.root())?;
    let log = folder.log();
    let mut options = OpenOptions::new();
    let output = options.create(true).write(true).truncate(true).open(&log)?;
    say(&format!("starting Kafka, registry and ClickHouse for tests; log: {}", log.display()));
    let mut server = Command::new(program)
        .arg(SERVE_COMMAND)
        .arg(folder.root())
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        // It outlives this process, and its terminal's Ctrl-C.
        .process_group(0)
        .spawn()
        .context("start the servers")?;
    let ready = tokio::time::timeout(READY_WITHIN, is_ready(&mut server, folder)).await;
    match ready {
        Ok(ready) => ready.with_context(|| fs::read_to_string(&log).unwrap_or_default()),
        Err(_elapsed) => bail!("the servers are not ready after {READY_WITHIN:?}"),
    }
}

async fn is_ready(server: &mut Child, folder: &SharedFolder) -> anyhow::Result<()> {
    let path = StackFile::path(folder.root());
    while !path.exists() {
        if let Some(status) = server.try_wait()? {
            bail!("the servers did not start: {status}");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// Polls, because a blocked thread would keep a cancelled test from ending.
async fn lock(mut try_lock: impl FnMut() -> Result<(), TryLockError>) -> anyhow::Result<()> {
    loop {
        match try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK_EVERY).await,
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}

/// Removes the folders of builds that nobody has used for a day: every build leaves one.
fn remove_old(tests: &Path) {
    let Ok(entries) = fs::read_dir(tests) else { return };
    for entry in entries.flatten() {
        let used = fs::metadata(entry.path().join("server.log")).and_then(|log| log.modified());
        let old = used.is_ok_and(|used| used.elapsed().is_ok_and(|age| age > UNUSED_FOR));
        if old && SharedFolder::create(entry.path()).is_ok_and(|old| is_free(&old)) {
            // What cannot be removed is removed another day.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

fn is_free(folder: &SharedFolder) -> bool {
    let locks = [folder.start_lock(), folder.lease(), folder.server_lock()];
    locks.iter().all(|lock| lock.as_ref().is_ok_and(|lock| lock.try_lock().is_ok()))
}

/// Another checkout, profile or build has servers of its own.
fn key(program: &Path) -> anyhow::Result<String> {
    let meta = fs::metadata(program).context("look at the local-stack binary")?;
    let mut hasher = DefaultHasher::new();
    (program, meta.len(), meta.modified()?).hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

/// Tells a person who watches; not captured by the test harness, because it may take a minute.
fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "testkit: {text}"));
}
