//! Flags of the Java servers, and the archive of loaded classes that makes them start fast.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use sha2::{Digest as _, Sha256};

use crate::{java::Java, settings::Settings, users::hex};

/// A draft this old is being written by nobody.
const DRAFT_AGE_MAX: Duration = Duration::from_secs(60 * 60);

/// The archive of one server's classes for one Java, in the cache.
///
/// The JVM that finds none writes one when it ends; it does so under a name of its own, because
/// two that write the same file would ruin it, and we rename it once it is whole.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    place: PathBuf,
    /// Where it is being written, if it is not there yet.
    draft: Option<PathBuf>,
}

impl Archive {
    pub(crate) fn of(package: &Path, java: &Java, settings: &Settings) -> Self {
        let name = package.file_name().map(|name| name.to_string_lossy().into_owned());
        let runtime = format!("{} {}", java.home.display(), java.version);
        let hash = hex(&Sha256::digest(runtime)[..4]);
        let folder = settings.cache_dir.join("classes");
        // Without the folder there is no archive, and the start is slower: no reason to fail.
        drop(fs::create_dir_all(&folder));
        remove_old_drafts(&folder);
        let place = folder.join(format!("{}-{hash}.jsa", name.unwrap_or_default()));
        let draft = (!place.exists()).then(|| {
            let unique = format!("{}-{}", std::process::id(), rand::random::<u32>());
            place.with_extension(format!("{unique}.draft"))
        });
        Self { place, draft }
    }

    /// Whether the server will write it when it ends, which takes seconds.
    pub(crate) const fn is_draft(&self) -> bool {
        self.draft.is_some()
    }

    fn flag(&self) -> String {
        match &self.draft {
            Some(draft) => format!("-XX:ArchiveClassesAtExit={}", draft.display()),
            None => format!("-XX:SharedArchiveFile={}", self.place.display()),
        }
    }

    /// After an orderly end of the server: keeps what it wrote.
    pub(crate) fn keep(&self) {
        if let Some(draft) = &self.draft {
            // No archive only means another slow start.
            drop(fs::rename(draft, &self.place));
        }
    }

    /// After any other end: throws it away.
    pub(crate) fn discard(&self) {
        if let Some(draft) = &self.draft {
            drop(fs::remove_file(draft));
        }
    }
}

/// Removes what servers that were killed while they wrote have left.
fn remove_old_drafts(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_draft = entry.path().extension().is_some_and(|extension| extension == "draft");
        let age = entry.metadata().and_then(|file| file.modified()).map(|at| at.elapsed());
        if is_draft && age.is_ok_and(|age| age.is_ok_and(|age| age > DRAFT_AGE_MAX)) {
            drop(fs::remove_file(entry.path()));
        }
    }
}

/// Flags for every Java server.
pub(super) fn flags(heap_mib: u32, archive: &Archive) -> Vec<String> {
    vec![
        format!("-Xmx{heap_mib}m"),
        "-Xms64m".to_owned(),
        // One small heap on few cores: the simple collector starts faster and takes less memory.
        "-XX:+UseSerialGC".to_owned(),
        "-XX:-UsePerfData".to_owned(),
        // Warnings about an archive that does not fit belong in nobody's face.
        "-Xlog:disable".to_owned(),
        "-Xlog:all=error:stderr".to_owned(),
        archive.flag(),
    ]
}
