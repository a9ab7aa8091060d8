//! A folder in, the validator and the fuzzer installed in it out.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{python, succeeds};

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
        let bin = python::install(folder, &settings.join("requirements.txt"))?;
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
