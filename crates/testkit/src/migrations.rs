//! A database's name in, that database with all files of `sql/` applied out.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{ClickHouse, User};

/// The migrations of this repository.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sql");
const CLIENT: &str = include_str!("clickhouse-client.sh");

/// A copy of `sql/`, and what its script needs to reach a server of tests.
#[derive(Debug)]
pub struct Migrations {
    url: String,
    user: User,
    database: String,
    folder: TempDir,
}

/// What a run of the script said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Whether it succeeded.
    pub success: bool,
    /// Lines on its output.
    pub output: Vec<String>,
    /// What it complained of.
    pub complaint: String,
}

impl Migrations {
    /// Those of this repository, to be applied to `database` by `user`.
    ///
    /// # Errors
    ///
    /// When they cannot be copied.
    pub fn new(server: &ClickHouse, user: &User, database: &str) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        for entry in fs::read_dir(FOLDER).context("look for migrations")? {
            let path = entry?.path();
            let name = path.file_name().context("a file without a name")?;
            fs::copy(&path, folder.path().join(name))?;
        }
        let client = folder.path().join("clickhouse-client");
        fs::write(&client, CLIENT)?;
        fs::set_permissions(&client, fs::Permissions::from_mode(0o700))?;
        let this = Self {
            url: server.url().to_owned(),
            user: user.clone(),
            database: database.to_owned(),
            folder,
        };
        this.write_password(&user.password)?;
        Ok(this)
    }

    /// The copy, which a test may change.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the script with these variables.
    ///
    /// # Errors
    ///
    /// When it cannot be run; not when it fails.
    pub async fn run(&self, variables: &[(&str, &str)]) -> anyhow::Result<Migrated> {
        let mut path = self.folder.path().as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let ended = Command::new(self.folder.path().join("migrate.sh"))
            .env("PATH", path)
            .env_remove("CLICKHOUSE_HOST")
            .env("CLICKHOUSE_USER", &self.user.name)
            .env("CLICKHOUSE_URL", self.url.trim_end_matches('/'))
            .env("CLICKHOUSE_PASSWORD_FILE", self.password_file())
            .env("MIGRATIONS_DATABASE", &self.database)
            .envs(variables.iter().copied())
            .kill_on_drop(true)
            .output()
            .await
            .context("run migrate.sh, which needs bash and curl")?;
        let output = String::from_utf8_lossy(&ended.stdout);
        Ok(Migrated {
            success: ended.status.success(),
            output: output.lines().map(str::to_owned).collect(),
            complaint: String::from_utf8_lossy(&ended.stderr).into_owned(),
        })
    }

    /// Runs the script, which must succeed, and returns its output.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn apply(&self, variables: &[(&str, &str)]) -> anyhow::Result<Vec<String>> {
        let ran = self.run(variables).await?;
        ensure!(ran.success, "migrate.sh failed: {}", ran.complaint);
        Ok(ran.output)
    }

    fn write_password(&self, password: &SecretString) -> anyhow::Result<()> {
        let path = self.password_file();
        fs::write(&path, "")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        fs::write(&path, password.expose_secret()).context("write a password file")
    }

    fn password_file(&self) -> PathBuf {
        self.folder.path().join("password")
    }
}
