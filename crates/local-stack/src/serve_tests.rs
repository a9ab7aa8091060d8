//! A shared folder in, a stack that serves it until nobody uses it any more out.

use std::{
    ffi::OsString,
    fs::TryLockError,
    io::Write as _,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use local_stack::{
    FirstPorts, Settings, Stack, StackFile,
    progress::Terminal,
    shared::{SERVE_COMMAND, SharedFolder},
};

/// How long the servers stay after the last process that used them.
const LINGER: Duration = Duration::from_secs(30);
/// How often it is looked whether anybody uses them.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Out of the way of a stack that somebody works with.
const FIRST_PORTS: FirstPorts =
    FirstPorts { kafka: 19092, registry: 18081, clickhouse_http: 18123, clickhouse_native: 19000 };

/// The folder to serve, if the command line asks for it.
pub(crate) fn asked(args: impl IntoIterator<Item = OsString>) -> Option<OsString> {
    let mut args = args.into_iter().skip(1);
    (args.next()? == SERVE_COMMAND).then(|| args.next())?
}

/// Serves the folder.
pub(crate) async fn run(folder: OsString) -> ExitCode {
    match serve(folder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error is a file that the waiting process shows.
            drop(writeln!(std::io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(folder: OsString) -> Result<(), Box<dyn std::error::Error>> {
    let folder = SharedFolder::create(folder)?;
    let server = folder.server_lock()?;
    match server.try_lock() {
        Ok(()) => {}
        // Another server was quicker; those who wait will find it.
        Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    folder.remove_old_data();
    let mut settings = Settings::new(folder.data());
    settings.first_ports = FIRST_PORTS;
    settings.databases = vec!["shop".to_owned(), "test_*".to_owned()];
    let stack = Stack::start(settings, Arc::new(Terminal::new())).await?;
    StackFile::of(&stack).write(folder.root())?;

    let lease = tokio::select! {
        lease = unused(&folder) => Some(lease?),
        (part, exit) = stack.exited() => {
            drop(writeln!(std::io::stderr(), "{part} ended by itself: {exit}"));
            None
        }
    };
    StackFile::remove(folder.root())?;
    let stopped = stack.stop().await;
    folder.remove_old_data();
    drop(lease);
    Ok(stopped?)
}

/// Returns, with the lease locked, when nobody has used the servers for a while.
async fn unused(folder: &SharedFolder) -> Result<std::fs::File, Box<dyn std::error::Error>> {
    let lease = folder.lease()?;
    let mut used = Instant::now();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match lease.try_lock() {
            Ok(()) if used.elapsed() > LINGER => return Ok(lease),
            Ok(()) => lease.unlock()?,
            Err(TryLockError::WouldBlock) => used = Instant::now(),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}
