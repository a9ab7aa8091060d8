//! The data folder: its lock, its layout, and how much space is left.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::error::{Error, io_error};

/// Space that a stack needs to start, in MiB.
const FREE_MIB_MIN: u64 = 256;

/// Where things are in a data folder.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder {
    root: PathBuf,
}

impl DataFolder {
    /// Creates what is missing of the folder.
    pub(crate) fn create(root: &Path) -> Result<Self, Error> {
        fs::create_dir_all(root).map_err(io_error("create", root))?;
        let root = root.canonicalize().map_err(io_error("find", root))?;
        usable("data_dir", &root)?;
        let folder = Self { root };
        for name in ["conf", "logs", "secrets", "kafka", "registry", "clickhouse"] {
            private_folder(&folder.root.join(name))?;
        }
        if let Some(free_mib) = free_mib(&folder.root).filter(|free| *free < FREE_MIB_MIN) {
            let needed_mib = FREE_MIB_MIN;
            return Err(Error::DiskFull { folder: folder.root, free_mib, needed_mib });
        }
        Ok(folder)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(crate) fn conf(&self, name: &str) -> PathBuf {
        self.root.join("conf").join(name)
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.root.join("logs").join(format!("{name}.log"))
    }

    pub(crate) fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }

    /// The folder in which a server keeps its data.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// Refuses paths that the servers' settings cannot express: lists, class paths and URLs in which
/// these characters separate one thing from the next.
pub(crate) fn usable(key: &'static str, path: &Path) -> Result<(), Error> {
    let bad = |text: &str| text.contains(|c: char| c.is_control() || ",;:\"'%\\".contains(c));
    if path.to_str().is_none_or(bad) {
        let detail = format!(
            "{} has a character in it that the servers cannot take in a path (, ; : \" ' % \\)",
            path.display()
        );
        return Err(Error::Setting { key, detail });
    }
    Ok(())
}

/// Creates a folder that only its owner can read.
pub(crate) fn private_folder(path: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io_error("create", path))
}

/// Replaces a file in one step with one that only its owner can read.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let write = || -> io::Result<()> {
        // Created with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(content)?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(io_error("write", path))
}

/// Free space for ordinary users on the disk of `folder`, in MiB, if it can be told.
pub(crate) fn free_mib(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024))
}

/// A folder for locks that concern the whole machine, as far as this user is concerned.
///
/// # Errors
///
/// When it cannot be created.
pub fn runtime_dir() -> Result<PathBuf, Error> {
    let user = rustix::process::getuid().as_raw();
    let path = std::env::temp_dir().join(format!("penstock-{user}"));
    private_folder(&path)?;
    // Anybody may create folders in the one for temporary files: this one must be ours.
    let found = fs::symlink_metadata(&path).map_err(io_error("look at", &path))?;
    if !found.is_dir() || found.uid() != user {
        let source = io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to someone else");
        return Err(Error::Io { what: "use", path, source });
    }
    Ok(path)
}

/// The right to use a data folder, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Why a data folder cannot be had.
#[derive(Debug)]
pub(crate) enum LockError {
    InUse { pid: u32 },
    Io(io::Error),
}

impl Lock {
    /// Takes the lock in the name of process `owner`.
    pub(crate) fn take(path: &Path, owner: u32) -> Result<Self, LockError> {
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                (&mut file).take(32).read_to_string(&mut pid).map_err(LockError::Io)?;
                return Err(LockError::InUse { pid: pid.trim().parse().unwrap_or(0) });
            }
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        let note = || -> io::Result<()> {
            file.set_len(0)?;
            (&file).write_all(format!("{owner}\n").as_bytes())
        };
        note().map_err(LockError::Io)?;
        Ok(Self { _file: file })
    }
}
