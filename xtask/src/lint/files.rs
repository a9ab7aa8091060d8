//! The repository in, its files by kind out.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use super::told;

/// All files that are in the repository or would be with the next `git add`.
pub(super) struct Files {
    root: PathBuf,
    names: Vec<String>,
}

impl Files {
    pub(super) fn listed() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let told = told(git.current_dir(&root)).context("list the repository's files")?;
        let names = String::from_utf8(told).context("read names of files")?;
        // A file that was deleted is still listed until that is committed.
        let names = names.split_terminator('\0').filter(|name| root.join(name).is_file());
        Ok(Self { names: names.map(str::to_owned).collect(), root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn text(&self, name: &str) -> anyhow::Result<String> {
        fs::read_to_string(self.root.join(name)).with_context(|| format!("read {name}"))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|found| found == name)
    }

    /// The names of which this is true. A script without an ending is shown as if it had one.
    pub(super) fn that(&self, is_one: impl Fn(&str) -> bool) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        for name in &self.names {
            let plain = Path::new(name).extension().is_none();
            if is_one(name) || (plain && self.is_shell(name)? && is_one(&format!("{name}.sh"))) {
                found.push(name.clone());
            }
        }
        Ok(found)
    }

    /// Whether the first line says that a shell runs it.
    fn is_shell(&self, name: &str) -> anyhow::Result<bool> {
        let file = fs::File::open(self.root.join(name)).with_context(|| format!("open {name}"))?;
        let mut first = Vec::new();
        BufReader::new(file).read_until(b'\n', &mut first).context("read a first line")?;
        let first = String::from_utf8_lossy(&first);
        Ok(first.starts_with("#!") && first.trim_end().ends_with("sh"))
    }
}

/// What `name` is called within its folder.
fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn ends(name: &str, endings: &[&str]) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|found| endings.iter().any(|ending| found.eq_ignore_ascii_case(ending)))
}

pub(super) fn is_dockerfile(name: &str) -> bool {
    base(name) == "Dockerfile"
        || base(name).starts_with("Dockerfile.")
        || ends(name, &["dockerfile"])
}

pub(super) fn is_script(name: &str) -> bool {
    ends(name, &["sh", "bash"])
}

pub(super) fn is_yaml(name: &str) -> bool {
    ends(name, &["yaml", "yml"])
}

pub(super) fn is_json(name: &str) -> bool {
    ends(name, &["json", "avsc"])
}

pub(super) fn is_javascript(name: &str) -> bool {
    ends(name, &["js", "mjs"])
}

pub(super) fn is_workflow(name: &str) -> bool {
    name.starts_with(".github/workflows/") && is_yaml(name)
}

/// `compose.yaml`, what it includes, and what is laid over it. Files further down are mounted.
pub(super) fn is_compose(name: &str) -> bool {
    let part = name.strip_prefix("compose/").is_some_and(|rest| !rest.contains('/'));
    is_yaml(name) && (part || matches!(name, "compose.yaml" | "compose.yml"))
}

#[cfg(test)]
mod tests;
