//! A folder and a list of Python packages in, their programs out.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use crate::{say, succeeds};

/// Installs the pinned packages of a `requirements.txt` into an environment of their own in
/// `folder`, unless they are there. Returns the folder of their programs.
pub(crate) fn install(folder: &Path, requirements: &Path) -> anyhow::Result<PathBuf> {
    let bin = folder.join("bin");
    let wanted = fs::read_to_string(requirements).context("read requirements.txt")?;
    // Written last: a folder without it was left half done.
    let note = folder.join("requirements.txt");
    if fs::read_to_string(&note).is_ok_and(|found| found == wanted) {
        return Ok(bin);
    }
    let names = wanted.lines().filter_map(|line| line.split_once("==").map(|(name, _)| name));
    say(&format!("installing {}", names.collect::<Vec<_>>().join(", ")));
    let made = succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder));
    ensure!(
        made.context("Python 3.10 or newer is needed")?,
        "python3 -m venv failed: on Debian it is in the package python3-venv"
    );
    let mut pip = Command::new(bin.join("python3"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    ensure!(succeeds(pip.arg("--requirement").arg(requirements))?, "pip install failed");
    fs::write(&note, wanted).context("note what is installed")?;
    Ok(bin)
}
