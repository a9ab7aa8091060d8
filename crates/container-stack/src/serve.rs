//! A shared folder in, containers that serve it until nobody uses them any more out.

use std::{ffi::OsString, io::Write as _};

use anyhow::{Context as _, Result};
use local_stack::{StackFile, shared::SharedFolder};

use crate::{containers::Containers, own::told_to_stop};

/// Serves the folder.
pub(crate) async fn run(folder: OsString) -> Result<()> {
    let folder = SharedFolder::create(folder)?;
    let Some((_server, settings)) = folder.take()? else { return Ok(()) };
    let stack = Containers::start(settings).await?;
    stack.file().write(folder.root())?;

    let lease = tokio::select! {
        lease = folder.unused() => Some(lease?),
        part = stack.ended() => {
            drop(writeln!(std::io::stderr(), "{part} ended by itself"));
            None
        }
        () = told_to_stop() => None,
    };
    StackFile::remove(folder.root())?;
    let removed = stack.remove().await;
    folder.remove_old_data();
    drop(lease);
    removed.context("remove the containers")
}
