//! The program and an empty data folder in, `penstock` running with a token of each role out.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    thread,
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::{http, succeeds};

/// Everybody who may ask, the least first.
pub(crate) const ROLES: [&str; 3] = ["viewer", "operator", "admin"];

/// A pipeline whose records are no rows: all of them become dead letters.
const LETTERS: &str = r#"{"name": "letters", "source": {"topics": ["penstock.audit"]},
    "target": {"database": "shop", "table": "letters"}}"#;

/// A `penstock` that ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Host and port of the admin API.
    pub(crate) address: String,
    /// As in [`ROLES`].
    pub(crate) tokens: [String; 3],
}

/// The part of `stack.json` that says where the admin API is.
#[derive(Deserialize)]
struct Stack {
    admin_api: String,
}

impl Running {
    /// Starts it in `data`, which is emptied first, and waits until the admin API answers.
    pub(crate) fn start(program: &Path, data: &Path) -> anyhow::Result<Self> {
        if data.exists() {
            fs::remove_dir_all(data).with_context(|| format!("remove {}", data.display()))?;
        }
        let tokens = tokens(&data.join("secrets"))?;
        let log = data.with_extension("log");
        let file = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        // Events, so that there are records; few, so that the disk lasts.
        let child = Command::new(program)
            .args(["--rate", "100", "--data-dir"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("run {}", program.display()))?;
        let mut running = Self { child, address: String::new(), tokens };
        let output = running.child.stderr.take().context("take its output")?;
        let stack = ready(output, file, &data.join("stack.json"));
        let stack = stack.with_context(|| format!("start penstock: see {}", log.display()))?;
        stack.admin_api.trim_start_matches("http://").clone_into(&mut running.address);
        Ok(running)
    }

    /// The token of an admin.
    pub(crate) fn admin(&self) -> &str {
        let [.., admin] = &self.tokens;
        admin
    }

    /// Makes the pipeline `letters`, all of whose records become dead letters.
    pub(crate) fn make_letters(&self) -> anyhow::Result<()> {
        let path = "/v1/pipelines?force=true";
        let (status, body) = http::ask(&self.address, "POST", path, self.admin(), LETTERS)?;
        ensure!(status == 201, "POST {path}: {status} {body}");
        Ok(())
    }

    /// Stops it in order.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        ensure!(succeeds(Command::new("kill").args(["-TERM", &pid]))?, "kill failed");
        let status = self.child.wait().context("wait for penstock")?;
        ensure!(status.success(), "penstock ended with {status}");
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its servers end with it. Whoever stopped it in order finds nothing left to do here.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until it says where it is. It says something every second once it runs.
fn ready(output: ChildStderr, mut log: File, file: &Path) -> anyhow::Result<Stack> {
    let mut lines = BufReader::new(output);
    let mut line = String::new();
    while !file.exists() {
        line.clear();
        let length = lines.read_line(&mut line).context("read what it says")?;
        ensure!(length > 0, "it ended before it was ready");
        log.write_all(line.as_bytes()).context("write its log")?;
    }
    // A full pipe would stop it.
    thread::spawn(move || io::copy(&mut lines, &mut log));
    let text = fs::read(file).context("read stack.json")?;
    serde_json::from_slice(&text).context("parse stack.json")
}

/// Makes a token of each role, and the file that lists them where `penstock` looks for it.
fn tokens(secrets: &Path) -> anyhow::Result<[String; 3]> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(secrets)
        .with_context(|| format!("create {}", secrets.display()))?;
    let mut list = String::new();
    let mut tokens = [const { String::new() }; 3];
    for (role, token) in ROLES.into_iter().zip(&mut tokens) {
        let mut random = [0_u8; 32];
        let mut source = File::open("/dev/urandom").context("open /dev/urandom")?;
        source.read_exact(&mut random).context("read /dev/urandom")?;
        *token = hex(&random)?;
        let hash = hex(&Sha256::digest(token.as_bytes()))?;
        write!(list, "[[tokens]]\nname = \"{role}\"\nrole = \"{role}\"\nsha256 = \"{hash}\"\n")?;
    }
    write_private(&secrets.join("tokens.toml"), &list)?;
    write_private(&secrets.join("admin-token"), tokens.last().map_or("", String::as_str))?;
    Ok(tokens)
}

fn hex(bytes: &[u8]) -> anyhow::Result<String> {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
    let place = || format!("write {}", path.display());
    file.with_context(place)?.write_all(text.as_bytes()).with_context(place)
}
