//! A server's name in, a folder with its unpacked and checked package out.
//!
//! A package is fetched once, under a lock, into a folder beside its place, listed with sizes
//! and checksums, compared with what is pinned, and renamed into place: it is there as a whole
//! or not at all.

mod fetch;
mod manifest;
mod recipe;

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub(crate) use fetch::fetching_tool;
use manifest::Manifest;
pub(crate) use recipe::{ENGINE_LIBRARY, Recipe};

use crate::{
    data_folder::{free_mib, private_folder, usable},
    error::{Error, io_error},
    java::Java,
    progress::{Event, Shared},
    settings::{Part, Settings},
    supervise::Supervisor,
};

/// How often a lock that another process holds is tried.
const LOCK_EVERY: Duration = Duration::from_millis(200);

/// What fetching needs.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) supervisor: &'a Supervisor,
    pub(crate) java: Option<&'a Java>,
    pub(crate) logs: &'a Path,
    pub(crate) progress: &'a Shared,
}

/// How thoroughly a cached package is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Names and sizes of the files.
    Quick,
    /// Their content as well.
    Full,
}

/// Creates the cache folder; returns it as an absolute path.
pub(crate) fn cache_folder(path: &Path) -> Result<PathBuf, Error> {
    private_folder(path)?;
    let path = path.canonicalize().map_err(io_error("find", path))?;
    usable("cache_dir", &path)?;
    Ok(path)
}

/// The folder of the part's package, fetched if it is missing or damaged.
pub(crate) async fn ensure(part: Part, check: Check, c: Context<'_>) -> Result<PathBuf, Error> {
    let recipe = Recipe::of(part)?;
    let cache = &c.settings.cache_dir;
    let folder = cache.join(recipe.folder_name());
    let mut wrong = inspect(&folder, check).await?;
    if wrong.is_none() {
        return Ok(folder);
    }
    let _lock = lock(&cache.join(format!("{}.lock", recipe.folder_name())), part, c).await?;
    // Whoever had the lock may have done it.
    if folder.exists() {
        wrong = inspect(&folder, check).await?;
    }
    let Some(wrong) = wrong else { return Ok(folder) };
    replace(&recipe, &folder, wrong, c).await?;
    Ok(folder)
}

/// What is wrong with the package, if anything is.
pub(crate) async fn inspect(folder: &Path, check: Check) -> Result<Option<Wrong>, Error> {
    let folder = folder.to_owned();
    blocking(move || {
        if !folder.exists() {
            return Ok(Some(Wrong::Missing));
        }
        Ok(manifest::differs(&folder, check).map(Wrong::Damaged))
    })
    .await
}

/// Why a package has to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Missing,
    Damaged(String),
}

async fn replace(recipe: &Recipe, folder: &Path, why: Wrong, c: Context<'_>) -> Result<(), Error> {
    let started = Instant::now();
    let part = recipe.part;
    let what = match &why {
        Wrong::Missing => recipe.title(),
        Wrong::Damaged(detail) => format!("{} again: {detail}", recipe.title()),
    };
    let bytes_total = recipe.bytes_written;
    c.progress.event(Event::FetchStarted { part, what, bytes_total });
    let fetched = fetch_beside(recipe, folder, c).await;
    let fetched = fetched.map_err(|cause| match why {
        Wrong::Missing => cause,
        Wrong::Damaged(detail) => {
            Error::CacheDamaged { part, folder: folder.to_owned(), detail, cause: Box::new(cause) }
        }
    })?;
    let place = folder.to_owned();
    blocking(move || {
        if place.exists() {
            fs::remove_dir_all(&place).map_err(io_error("remove", &place))?;
        }
        fs::rename(fetched.path().join("out"), &place).map_err(io_error("create", &place))
    })
    .await?;
    c.progress.event(Event::Fetched { part, took: started.elapsed() });
    Ok(())
}

/// Fetches, unpacks, lists and compares; returns the folder whose `out` is the package.
async fn fetch_beside(
    recipe: &Recipe,
    folder: &Path,
    c: Context<'_>,
) -> Result<tempfile::TempDir, Error> {
    let cache = &c.settings.cache_dir;
    let needed_mib = recipe.disk_mib;
    if let Some(free_mib) = free_mib(cache).filter(|free| *free < needed_mib) {
        return Err(Error::DiskFull { folder: cache.clone(), free_mib, needed_mib });
    }
    let prefix = format!(".fetching-{}-", recipe.folder_name());
    remove_leftovers(cache, &prefix);
    let work = tempfile::Builder::new()
        .prefix(&prefix)
        .tempdir_in(cache)
        .map_err(io_error("create a folder in", folder))?;
    fetch::run(recipe, work.path(), c).await?;

    c.progress.event(Event::Unpacking { part: recipe.part });
    let (recipe, path) = (recipe.clone(), work.path().to_owned());
    blocking(move || {
        fetch::unpack(&recipe, &path)?;
        let manifest = Manifest::of(&path.join("out"))?;
        let digest = manifest.digest();
        if digest != recipe.digest {
            let detail = format!("checksum {digest} instead of {}", recipe.digest);
            return Err(Error::Unexpected { what: recipe.title(), detail });
        }
        manifest.write(&path.join("out"))
    })
    .await?;
    Ok(work)
}

/// Removes what a killed process left. Only the holder of the lock gets here.
fn remove_leftovers(cache: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(cache) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            // What cannot be removed is in nobody's way.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

async fn lock(path: &Path, part: Part, c: Context<'_>) -> Result<File, Error> {
    let file = File::create(path).map_err(io_error("create", path))?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(io_error("lock", path)(error)),
        }
        if !told {
            let what = format!("another process that is fetching {part}");
            c.progress.event(Event::Waiting(what));
            told = true;
        }
        tokio::time::sleep(LOCK_EVERY).await;
    }
}

/// Runs file work where it does not hold up the runtime.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| {
        Err(Error::Spawn { name: "file work".to_owned(), detail: stopped.to_string() })
    })
}
