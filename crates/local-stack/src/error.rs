//! Why a stack did not start, as one sentence that also says what to do.

use std::{io, path::PathBuf};

use crate::settings::Part;

/// Why a stack did not start, or why one of its servers ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program that fetches packages is missing.
    #[error(
        "`{tool}` was not found in PATH, and it is needed to fetch {purpose}: install {package}, \
         or use `docker compose up`, which needs none of this"
    )]
    ToolMissing {
        /// The program.
        tool: &'static str,
        /// What it would have fetched.
        purpose: String,
        /// What to install.
        package: &'static str,
    },
    /// There is no JDK that the servers run on.
    #[error(
        "no `java` of version {minimum} or newer was found ({found}), and {purpose} run on it: \
         install a JDK, set JAVA_HOME if it is in an unusual place, or use `docker compose up`"
    )]
    NoJava {
        /// The oldest version that works.
        minimum: u32,
        /// What was found instead.
        found: String,
        /// What needs it.
        purpose: String,
    },
    /// No package of this server exists for this platform.
    #[error(
        "there is no packaged {part} for {platform}: use `docker compose up`, whose images \
         cover it"
    )]
    Platform {
        /// The server.
        part: Part,
        /// Operating system and processor.
        platform: String,
    },
    /// A port that was asked for is taken.
    #[error(
        "port {port} of `ports.{key}` is in use by another program: stop that program, or \
         choose another port, or leave `ports.{key}` out to take the first free one"
    )]
    PortBusy {
        /// The setting below `ports`.
        key: &'static str,
        /// The port.
        port: u16,
    },
    /// No port was free in the range that is searched.
    #[error("no free port for {key} from {first} to {last}: set `ports.{key}` to a free one")]
    NoFreePort {
        /// The setting below `ports`.
        key: &'static str,
        /// First port tried.
        first: u16,
        /// Last port tried.
        last: u16,
    },
    /// Fetching a package failed.
    #[error("fetching {what} with `{tool}` failed ({how}); see {log}, which ends with:\n{tail}")]
    Fetch {
        /// The package.
        what: String,
        /// The program that fetches it.
        tool: &'static str,
        /// How the program ended.
        how: String,
        /// Its whole output.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// What was fetched is not what was pinned.
    #[error("what was fetched as {what} is not what it should be ({detail}): try again later")]
    Unexpected {
        /// The package.
        what: String,
        /// What differs.
        detail: String,
    },
    /// A cached package is damaged and could not be fetched again.
    #[error(
        "the cached {part} in {folder} is damaged ({detail}) and could not be fetched again: \
         {cause}"
    )]
    CacheDamaged {
        /// The server.
        part: Part,
        /// Its folder.
        folder: PathBuf,
        /// What is wrong with it.
        detail: String,
        /// Why it could not be repaired.
        cause: Box<Self>,
    },
    /// Another instance uses the data folder.
    #[error(
        "the data folder {folder} is in use by another instance (process {pid}): stop it, or \
         choose another data folder"
    )]
    DataFolderInUse {
        /// The folder.
        folder: PathBuf,
        /// The instance's process.
        pid: u32,
    },
    /// Too little space.
    #[error("the disk of {folder} is full: {free_mib} MiB are free, {needed_mib} MiB are needed")]
    DiskFull {
        /// A folder on it.
        folder: PathBuf,
        /// What is free.
        free_mib: u64,
        /// What is needed; an estimate.
        needed_mib: u64,
    },
    /// A server did not answer in time.
    #[error("{part} did not answer within {seconds} s: see {log}, which ends with:\n{tail}")]
    NotReady {
        /// The server.
        part: Part,
        /// The deadline.
        seconds: u64,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// A server ended before it answered.
    #[error("{part} ended while it was starting ({how}): see {log}, which ends with:\n{tail}")]
    Ended {
        /// The server.
        part: Part,
        /// How it ended.
        how: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// A server did not stop as it was told.
    #[error("{part} did not stop in order ({how}): see {log}, which ends with:\n{tail}")]
    BadEnd {
        /// The server.
        part: Part,
        /// How it ended.
        how: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// A setting that cannot be used.
    #[error("`{key}` cannot be used: {detail}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// This stack does not run that part.
    #[error("this stack runs no {part}")]
    NoSuchPart {
        /// The part.
        part: Part,
    },
    /// The process that holds the servers is gone, and the servers with it.
    #[error("the supervisor process ended, and the servers with it: start again")]
    SupervisorEnded,
    /// A child could not be started.
    #[error("{name} could not be started: {detail}")]
    Spawn {
        /// The child.
        name: String,
        /// Why.
        detail: String,
    },
    /// The operating system refused something.
    #[error("could not {what} {path}: {source}")]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    /// Whether the settings are to blame rather than the machine (exit code 78 rather than 1).
    #[must_use]
    pub const fn is_setting(&self) -> bool {
        matches!(self, Self::Setting { .. })
    }
}

/// Turns an I/O error into ours, and one that says "no space" into [`Error::DiskFull`].
pub(crate) fn io_error(
    what: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(io::Error) -> Error {
    let path = path.into();
    move |source| {
        if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            let folder = path.parent().map_or_else(|| path.clone(), PathBuf::from);
            let free_mib = crate::data_folder::free_mib(&folder).unwrap_or(0);
            return Error::DiskFull { folder, free_mib, needed_mib: free_mib + 1 };
        }
        Error::Io { what, path, source }
    }
}

#[cfg(test)]
mod tests;
