//! One stack for many processes: the files by which a stack of its own process and those who
//! use it agree.
//!
//! The server holds `server.lock` as long as it lives. Whoever uses it holds `lease` shared. The
//! server tries to take `lease` for itself: once that has worked for a while nobody is left, and
//! it goes, keeping `lease` until it is gone, so that nobody can come in meanwhile.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    FirstPorts, Settings,
    data_folder::private_folder,
    error::{Error, io_error},
};

/// How long the servers stay after the last process that used them.
const LINGER: Duration = Duration::from_secs(30);
/// How often it is looked whether anybody uses them.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Out of the way of a stack that somebody works with.
const FIRST_PORTS: FirstPorts =
    FirstPorts { kafka: 19092, registry: 18081, clickhouse_http: 18123, clickhouse_native: 19000 };

/// The hidden subcommand of the `local-stack` binary that serves a folder.
pub const SERVE_COMMAND: &str = "__serve-tests";

/// A folder with the files of one shared stack.
#[derive(Clone, Debug)]
pub struct SharedFolder {
    root: PathBuf,
}

impl SharedFolder {
    /// Creates the folder if it is missing.
    ///
    /// # Errors
    ///
    /// When it cannot be created.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self, Error> {
        let root = root.into();
        private_folder(&root)?;
        Ok(Self { root })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Held by the process that is starting a server, if one is needed.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn start_lock(&self) -> Result<File, Error> {
        self.open("start.lock")
    }

    /// Held by the server.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn server_lock(&self) -> Result<File, Error> {
        self.open("server.lock")
    }

    /// Held, shared, by everybody who uses the server.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn lease(&self) -> Result<File, Error> {
        self.open("lease")
    }

    /// Takes the place of the server, removes what earlier ones left, and says what to serve.
    /// `None`: another server was quicker, and those who wait will find it.
    ///
    /// # Errors
    ///
    /// When the lock cannot be used.
    pub fn take(&self) -> Result<Option<(File, Settings)>, Error> {
        let server = self.server_lock()?;
        match server.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(io_error("lock", &self.root)(error)),
        }
        self.remove_old_data();
        let mut settings = Settings::new(self.data());
        settings.first_ports = FIRST_PORTS;
        settings.databases = vec!["shop".to_owned(), "test_*".to_owned()];
        Ok(Some((server, settings)))
    }

    /// Returns, with the lease locked, when nobody has used the servers for a while.
    ///
    /// # Errors
    ///
    /// When the lock cannot be used.
    pub async fn unused(&self) -> Result<File, Error> {
        let lease = self.lease()?;
        let failed = |error| io_error("lock", &self.root)(error);
        let mut used = Instant::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match lease.try_lock() {
                Ok(()) if used.elapsed() > LINGER => return Ok(lease),
                Ok(()) => lease.unlock().map_err(failed)?,
                Err(TryLockError::WouldBlock) => used = Instant::now(),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    /// What the server and its supervisor print.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.root.join("server.log")
    }

    /// Where a server keeps its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.root.join(format!("data-{}", std::process::id()))
    }

    /// Removes the data of servers that were killed.
    pub fn remove_old_data(&self) {
        let Ok(entries) = fs::read_dir(&self.root) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with("data-") {
                // What cannot be removed now is removed by the next server.
                drop(fs::remove_dir_all(entry.path()));
            }
        }
    }

    fn open(&self, name: &str) -> Result<File, Error> {
        let path = self.root.join(name);
        let mut options = OpenOptions::new();
        let options = options.create(true).read(true).write(true).truncate(false);
        options.open(&path).map_err(io_error("open", &path))
    }
}
