//! A folder in, the validator and the fuzzer installed in it out.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use super::{say, succeeds};

/// Validator and fuzzer, in an environment of their own.
#[derive(Debug)]
pub(super) struct Tools {
    bin: PathBuf,
    settings: PathBuf,
}

impl Tools {
    /// Installs the pinned versions unless they are there.
    pub(super) fn install(folder: &Path) -> anyhow::Result<Self> {
        let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-api");
        let bin = folder.join("bin");
        let wanted = settings.join("requirements.txt");
        let wanted_text = fs::read_to_string(&wanted).context("read requirements.txt")?;
        // Written last: a folder without it was left half done.
        let note = folder.join("requirements.txt");
        if fs::read_to_string(&note).is_ok_and(|found| found == wanted_text) {
            return Ok(Self { bin, settings });
        }
        say("installing validator and fuzzer");
        let made = succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder));
        ensure!(made.context("Python 3.10 or newer is needed")?, "python3 -m venv failed");
        let mut pip = Command::new(bin.join("python3"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        ensure!(succeeds(pip.arg("--requirement").arg(&wanted))?, "pip install failed");
        fs::write(&note, wanted_text).context("note what is installed")?;
        Ok(Self { bin, settings })
    }

    /// Whether a document is one.
    pub(super) fn validates(&self, document: &Path) -> anyhow::Result<bool> {
        succeeds(Command::new(self.bin.join("openapi-spec-validator")).arg(document))
    }

    /// The fuzzer with its settings.
    pub(super) fn schemathesis(&self) -> Command {
        let mut command = Command::new(self.bin.join("schemathesis"));
        command
            .env("FUZZ_API_HOOKS", self.settings.join("hooks.py"))
            .arg("--config-file")
            .arg(self.settings.join("schemathesis.toml"));
        command
    }
}
