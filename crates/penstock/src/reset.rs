//! A data folder in, the same folder without an earlier run's data out.

use std::{
    fs::{self, File},
    path::Path,
};

use anyhow::{Context, bail};

/// What a run leaves in a data folder. Anything else is somebody else's and stays.
const OURS: &[&str] = &["clickhouse", "conf", "kafka", "logs", "registry", "secrets", "stack.json"];

/// Deletes what an earlier run left in `data_dir`.
///
/// # Errors
///
/// When another instance uses the folder, or something cannot be deleted.
pub(crate) fn reset(data_dir: &Path) -> anyhow::Result<()> {
    let lock_path = data_dir.join("lock");
    if !lock_path.exists() {
        return Ok(()); // no run has used it
    }
    let lock = File::open(&lock_path).with_context(|| format!("open {}", lock_path.display()))?;
    if lock.try_lock().is_err() {
        bail!(
            "data folder {} is in use by another instance: stop that one, or name another folder \
             with --data-dir",
            data_dir.display()
        );
    }
    for name in OURS {
        let path = data_dir.join(name);
        let removed = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&path),
            Ok(_) => fs::remove_file(&path),
            Err(_) => continue,
        };
        removed.with_context(|| format!("delete {}", path.display()))?;
    }
    Ok(())
}
