//! The environment in, a JDK that is new enough out.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{error::Error, settings::Environment};

/// The oldest Java that the registry's class files run on.
pub(crate) const MINIMUM: u32 = 21;

/// A JDK or JRE.
#[derive(Clone, Debug)]
pub(crate) struct Java {
    pub(crate) home: PathBuf,
    pub(crate) version: String,
    major: u32,
}

impl Java {
    pub(crate) fn program(&self) -> PathBuf {
        self.home.join("bin/java")
    }
}

/// Folders in which installers put JDKs, each in a subfolder of its own.
pub(crate) fn usual_folders(home: Option<&Path>) -> Vec<PathBuf> {
    let system = ["/usr/lib/jvm", "/usr/java", "/usr/local", "/opt", "/opt/java", "/opt/jdk"]
        .map(PathBuf::from);
    let brew = ["/home/linuxbrew/.linuxbrew/opt", "/opt/homebrew/opt", "/usr/local/opt"]
        .map(PathBuf::from);
    let own = [".sdkman/candidates/java", ".jdks", ".local/share/mise/installs/java"];
    let own = home.into_iter().flat_map(|home| own.map(|folder| home.join(folder)));
    own.chain(system).chain(brew).collect()
}

/// The JDK to use: `JAVA_HOME`, then the one in PATH, then the newest that is installed.
pub(crate) fn find(environment: &Environment, purpose: &str) -> Result<Java, Error> {
    let named = environment.java_home.iter().filter_map(|home| inspect(home));
    let in_path = find_tool("java", &environment.path)
        .and_then(|java| java.canonicalize().ok())
        .and_then(|java| inspect(java.parent()?.parent()?));
    let mut installed: Vec<Java> =
        environment.java_folders.iter().flat_map(|folder| subfolders(folder)).collect();
    installed.sort_by(|a, b| b.major.cmp(&a.major).then_with(|| b.version.cmp(&a.version)));

    let mut too_old = None;
    for java in named.chain(in_path).chain(installed) {
        if java.major >= MINIMUM {
            return Ok(java);
        }
        too_old.get_or_insert(java);
    }
    let found = too_old.map_or_else(
        || "there is none in JAVA_HOME, PATH and the usual folders".to_owned(),
        |java| format!("the best one is {} in {}", java.version, java.home.display()),
    );
    Err(Error::NoJava { minimum: MINIMUM, found, purpose: purpose.to_owned() })
}

/// The first executable file of that name in PATH.
pub(crate) fn find_tool(name: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

fn subfolders(folder: &Path) -> Vec<Java> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| inspect(&entry.ok()?.path())).collect()
}

/// The Java in this folder, or in the places below it where some packages put it.
fn inspect(home: &Path) -> Option<Java> {
    let inner = ["", "libexec", "libexec/openjdk.jdk/Contents/Home"];
    let home =
        inner.iter().map(|inner| home.join(inner)).find(|h| is_program(&h.join("bin/java")))?;
    let version = version_in_release_file(&home).or_else(|| version_by_asking(&home))?;
    Some(Java { major: major(&version)?, home, version })
}

fn version_in_release_file(home: &Path) -> Option<String> {
    let release = fs::read_to_string(home.join("release")).ok()?;
    let line = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    Some(line.trim_matches('"').to_owned())
}

fn version_by_asking(home: &Path) -> Option<String> {
    let output = Command::new(home.join("bin/java")).arg("-version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    Some(text.split('"').nth(1)?.to_owned())
}

/// 8 of `1.8.0_392`, 25 of `25.0.1`.
fn major(version: &str) -> Option<u32> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    match numbers.next()?.ok()? {
        1 => numbers.next()?.ok(),
        major => Some(major),
    }
}

#[cfg(test)]
mod tests;
