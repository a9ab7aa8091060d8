//! Settings for a test, and a look at the processes of this machine.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use local_stack::{Event, FirstPorts, Part, Settings, progress::Shared};
use tempfile::TempDir;

/// The binary with the hidden subcommands.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_local-stack");

/// Nothing of ours may run longer than this after a kill.
pub(crate) const GONE_WITHIN: Duration = Duration::from_secs(60);

/// Out of the way of every other stack.
const FIRST_PORTS: FirstPorts =
    FirstPorts { kafka: 24092, registry: 24281, clickhouse_http: 24423, clickhouse_native: 24600 };

pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new().prefix("penstock-it-").tempdir().unwrap()
}

pub(crate) fn settings(data: &Path, parts: &[Part]) -> Settings {
    let mut settings = Settings::new(data);
    settings.program = Some(PathBuf::from(PROGRAM));
    settings.parts = parts.to_vec();
    settings.first_ports = FIRST_PORTS;
    settings
}

/// A progress that remembers.
pub(crate) fn recorder() -> (Shared, Arc<Mutex<Vec<Event>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    (Arc::new(move |event| heard.lock().unwrap().push(event)), events)
}

/// Command lines of all processes that name `folder` in them, in their environment, or as their
/// working folder.
pub(crate) fn processes_in(folder: &Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap();
    let name = folder.to_str().unwrap();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let process = entry.path();
        let text = |file| {
            let bytes = fs::read(process.join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        let here = fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder));
        let command = text("cmdline");
        // A zombie has no command line: it has ended, only its parent has not looked yet.
        if !command.is_empty() && (here || command.contains(name) || text("environ").contains(name))
        {
            found.push(command);
        }
    }
    found
}
