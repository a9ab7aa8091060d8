//! One stack for many processes: the files by which a stack of its own process and those who
//! use it agree.
//!
//! The server holds `server.lock` as long as it lives. Whoever uses it holds `lease` shared. The
//! server tries to take `lease` for itself: once that has worked for a while nobody is left, and
//! it goes, keeping `lease` until it is gone, so that nobody can come in meanwhile.

use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
};

use crate::{
    data_folder::private_folder,
    error::{Error, io_error},
};

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
