//! The program of an image in, what it needs besides itself and should not out.

use std::{fs, process::Command};

use anyhow::Context as _;

use super::container::{Container, docker, told};
use crate::build::{self, Profile};

/// What distroless/cc has; all else is linked in.
const LIBRARIES: [&str; 5] =
    ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"];

/// Copies a program out of a container and looks at it.
pub(super) fn complaints(container: &Container, program: &str) -> anyhow::Result<Vec<String>> {
    let copy = build::folder(Profile::Dev)?.join("images").join("program");
    if let Some(folder) = copy.parent() {
        fs::create_dir_all(folder).context("make a folder for a program")?;
    }
    told(docker(&["cp", &format!("{}:{program}", container.id())]).arg(&copy))?;
    let told = told(Command::new("readelf").args(["--wide", "--dynamic", "--sections"]).arg(&copy));
    fs::remove_file(&copy).context("remove a program")?;
    Ok(read(&told?))
}

/// Reads what `readelf` says.
fn read(told: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut needed = 0;
    for line in told.lines() {
        if line.contains("(NEEDED)") {
            needed += 1;
            let name = line.rsplit_once('[').map_or("", |(_, name)| name.trim_end_matches(']'));
            if !LIBRARIES.contains(&name) {
                found.push(format!("its program needs {name}"));
            }
        }
    }
    if told.contains(" .symtab ") || told.contains(" .debug_info ") {
        found.push("its program is not stripped".to_owned());
    }
    if needed == 0 {
        found.push("its program is none".to_owned());
    }
    found
}

#[cfg(test)]
mod tests;
