//! A shared folder in, a stack that serves it until nobody uses it any more out.

use std::{ffi::OsString, io::Write as _, process::ExitCode, sync::Arc};

use local_stack::{
    Stack, StackFile,
    progress::Terminal,
    shared::{SERVE_COMMAND, SharedFolder},
};

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
    let Some((_server, settings)) = folder.take()? else { return Ok(()) };
    let stack = Stack::start(settings, Arc::new(Terminal::new())).await?;
    StackFile::of(&stack).write(folder.root())?;

    let lease = tokio::select! {
        lease = folder.unused() => Some(lease?),
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
