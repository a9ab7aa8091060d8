//! A folder in, the list of its files with sizes and checksums out.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read as _,
    path::Path,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Check;
use crate::{
    error::{Error, io_error},
    users::hex,
};

/// Its name in the folder that it describes.
const NAME: &str = "manifest.json";
/// Bytes read at a time.
const CHUNK: usize = 1024 * 1024;
/// Folders inside folders that a package may have.
const DEPTH_MAX: usize = 16;

/// Every file of a package, by its path in it.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Manifest {
    files: BTreeMap<String, Entry>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Entry {
    bytes: u64,
    sha256: String,
}

impl Manifest {
    /// Reads every file below `folder`.
    pub(super) fn of(folder: &Path) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        for (name, bytes) in sizes(folder)? {
            let sha256 = sha256(&folder.join(&name))?;
            files.insert(name, Entry { bytes, sha256 });
        }
        Ok(Self { files })
    }

    /// One checksum for all of it.
    pub(super) fn digest(&self) -> String {
        let mut all = Sha256::new();
        for (name, entry) in &self.files {
            all.update(format!("{name} {} {}\n", entry.bytes, entry.sha256));
        }
        hex(&all.finalize())
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(NAME);
        let text = serde_json::to_vec(self).map_err(|e| io_error("write", &path)(e.into()))?;
        fs::write(&path, text).map_err(io_error("write", &path))
    }
}

/// The first difference between a folder and its manifest.
pub(super) fn differs(folder: &Path, check: Check) -> Option<String> {
    let manifest = fs::read(folder.join(NAME)).ok();
    let Some(manifest) = manifest.and_then(|text| serde_json::from_slice::<Manifest>(&text).ok())
    else {
        return Some("its list of files is missing or damaged".to_owned());
    };
    let found = match sizes(folder) {
        Ok(found) => found,
        Err(error) => return Some(error.to_string()),
    };
    for (name, entry) in &manifest.files {
        match found.get(name) {
            None => return Some(format!("{name} is missing")),
            Some(bytes) if *bytes != entry.bytes => {
                return Some(format!("{name} has {bytes} bytes instead of {}", entry.bytes));
            }
            Some(_) => {}
        }
        if check == Check::Full {
            match sha256(&folder.join(name)) {
                Ok(sha256) if sha256 == entry.sha256 => {}
                Ok(_) => return Some(format!("{name} has another content")),
                Err(error) => return Some(error.to_string()),
            }
        }
    }
    let extra = found.keys().find(|name| !manifest.files.contains_key(*name));
    extra.map(|name| format!("{name} does not belong there"))
}

/// Path and size of every file below `root`, but for the manifest.
fn sizes(root: &Path) -> Result<BTreeMap<String, u64>, Error> {
    let mut files = BTreeMap::new();
    let mut folders = vec![(String::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let path = root.join(&folder);
        for entry in fs::read_dir(&path).map_err(io_error("read", &path))? {
            let entry = entry.map_err(io_error("read", &path))?;
            let meta = entry.metadata().map_err(io_error("read", entry.path()))?;
            let name = entry.file_name();
            let name = if folder.is_empty() {
                name.to_string_lossy().into_owned()
            } else {
                format!("{folder}/{}", name.to_string_lossy())
            };
            if meta.is_dir() && depth < DEPTH_MAX {
                folders.push((name, depth + 1));
            } else if name != NAME {
                files.insert(name, meta.len());
            }
        }
    }
    Ok(files)
}

fn sha256(path: &Path) -> Result<String, Error> {
    let mut file = File::open(path).map_err(io_error("open", path))?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk).map_err(io_error("read", path))? {
            0 => return Ok(hex(&hash.finalize())),
            bytes => hash.update(&chunk[..bytes]),
        }
    }
}

#[cfg(test)]
mod tests;
