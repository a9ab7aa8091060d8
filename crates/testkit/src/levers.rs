//! One way to treat servers badly, whether they are processes or containers.

use std::path::{Path, PathBuf};

use anyhow::bail;
use local_stack::{Addresses, Part, Signal, StackFile, levers::Request};

use crate::containers::Containers;

/// Servers that one test has for itself.
#[derive(Debug)]
pub enum Stack {
    /// Child processes.
    Local(Box<local_stack::Stack>),
    /// Containers.
    Containers(Box<Containers>),
}

impl Stack {
    /// Where the servers are.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        match self {
            Self::Local(stack) => stack.addresses(),
            Self::Containers(stack) => &stack.addresses,
        }
    }

    /// The folder with configuration and, of processes, logs and data.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        match self {
            Self::Local(stack) => stack.data_dir(),
            Self::Containers(stack) => &stack.settings.data_dir,
        }
    }

    /// The file in which ClickHouse's accounts are declared.
    #[must_use]
    pub fn accounts_file(&self) -> PathBuf {
        match self {
            Self::Local(stack) => stack.data_dir().join("conf").join("users.xml"),
            Self::Containers(_) => self.accounts_folder().join("0-accounts.xml"),
        }
    }

    /// The folder, which need not exist yet, from which ClickHouse reads additions to its
    /// accounts when it starts: files named `*.xml`.
    #[must_use]
    pub fn accounts_folder(&self) -> PathBuf {
        self.data_dir().join("conf").join("users.d")
    }

    /// Sends a server a signal: SIGKILL, or SIGSTOP and SIGCONT for a freeze (a container is
    /// paused in its place).
    ///
    /// # Errors
    ///
    /// When this stack does not run the part, or has lost its servers.
    pub async fn signal(&self, part: Part, signal: Signal) -> anyhow::Result<()> {
        match self {
            Self::Local(stack) => Ok(stack.signal(part, signal).await?),
            Self::Containers(stack) => stack.ask(Request::Signal(part, signal)).await,
        }
    }

    /// Kills a server (SIGKILL) and returns when it is dead.
    ///
    /// # Errors
    ///
    /// As [`Stack::signal`].
    pub async fn kill(&self, part: Part) -> anyhow::Result<()> {
        match self {
            Self::Local(stack) => Ok(stack.kill(part).await.map(drop)?),
            Self::Containers(_) => self.signal(part, Signal::Kill).await,
        }
    }

    /// Starts a server again, on its old port and data; stops it first if it runs.
    ///
    /// # Errors
    ///
    /// When this stack does not run the part, or it does not start.
    pub async fn restart(&self, part: Part) -> anyhow::Result<()> {
        match self {
            Self::Local(stack) => Ok(stack.restart(part).await?),
            Self::Containers(stack) => stack.ask(Request::Restart(part)).await,
        }
    }

    /// The same servers, if they are processes: for those who measure them or start more.
    ///
    /// # Errors
    ///
    /// When they are containers.
    pub fn local(&self) -> anyhow::Result<&local_stack::Stack> {
        match self {
            Self::Local(stack) => Ok(stack),
            Self::Containers(_) => bail!("only with servers that are processes: TEST_STACK=local"),
        }
    }

    /// What scripts are told.
    pub(crate) fn file(&self) -> StackFile {
        match self {
            Self::Local(stack) => StackFile::of(stack),
            Self::Containers(stack) => stack.file.clone(),
        }
    }

    /// Stops the servers in order.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        match self {
            Self::Local(stack) => Ok(stack.stop().await?),
            Self::Containers(stack) => stack.stop().await,
        }
    }

    /// Kills them, for those who throw the data away.
    pub(crate) fn kill_all(self) {
        match self {
            Self::Local(stack) => stack.kill_all(),
            Self::Containers(stack) => drop(stack),
        }
    }
}
