//! Commands for `docker compose` in, what they did to one stack of its own out.

use std::{
    io::Write as _,
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

use crate::say;

/// Ports that the stack publishes; each gets a free one.
const PORTS: [&str; 7] = [
    "ADMIN_API_PORT",
    "KAFKA_PORT",
    "REGISTRY_PORT",
    "CLICKHOUSE_HTTP_PORT",
    "CLICKHOUSE_NATIVE_PORT",
    "PROMETHEUS_PORT",
    "CHAOS_PORT",
];

/// A stack beside any other on this machine.
#[derive(Debug)]
pub(super) struct Stack {
    project: String,
    variables: Vec<(String, String)>,
}

impl Stack {
    /// One with this name and free ports. Nothing runs yet.
    ///
    /// # Errors
    ///
    /// When no Docker engine answers.
    pub(super) fn new(project: &str) -> anyhow::Result<Self> {
        for (asked, without) in [
            (&["version", "--format", "{{.Server.Version}}"][..], "no Docker engine answers"),
            (&["compose", "version"][..], "docker has no compose plugin"),
        ] {
            let answer = Command::new("docker").args(asked).output().context("run docker")?;
            ensure!(
                answer.status.success(),
                "{without}: install Docker with Compose 2.24 or newer"
            );
        }
        let mut held = Vec::new();
        let mut variables = Vec::new();
        for name in PORTS {
            let listener = TcpListener::bind(("127.0.0.1", 0)).context("find a free port")?;
            variables.push((name.to_owned(), listener.local_addr()?.port().to_string()));
            held.push(listener);
        }
        Ok(Self { project: project.to_owned(), variables })
    }

    /// The port that this variable stands for.
    pub(super) fn port(&self, variable: &str) -> anyhow::Result<&str> {
        let found = self.variables.iter().find(|(name, _)| name == variable);
        Ok(&found.with_context(|| format!("there is no {variable}"))?.1)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command
            .args(["compose", "--progress", "quiet", "--project-name", &self.project])
            .args(args)
            .envs(self.variables.iter().cloned())
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        command
    }

    /// Runs `docker compose ARGS` and returns what it printed.
    ///
    /// # Errors
    ///
    /// When it fails; the message holds its complaint.
    pub(super) fn compose(&self, args: &[&str]) -> anyhow::Result<String> {
        self.compose_with(args, None)
    }

    /// The same with this as its input.
    pub(super) fn compose_with(
        &self,
        args: &[&str],
        input: Option<&str>,
    ) -> anyhow::Result<String> {
        let mut command = self.command(args);
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("run docker compose")?;
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            stdin.write_all(input.as_bytes()).context("write to docker compose")?;
        }
        let output = child.wait_with_output().context("wait for docker compose")?;
        let text = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        ensure!(
            output.status.success(),
            "docker compose {}: {}\n{text}\n{}",
            args.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
        Ok(text)
    }

    /// Starts what does not run and waits until all of it is healthy and every job is done.
    ///
    /// # Errors
    ///
    /// When that takes longer than `within`.
    pub(super) fn up(&self, within: Duration) -> anyhow::Result<()> {
        let since = Instant::now();
        let seconds = within.as_secs().to_string();
        self.compose(&["up", "--detach", "--wait", "--wait-timeout", &seconds])?;
        let took = since.elapsed();
        ensure!(took <= within, "it took {} s to be healthy", took.as_secs());
        Ok(())
    }

    /// Kills the containers of a service as an accident would: without a signal it could see.
    pub(super) fn kill(&self, service: &str) -> anyhow::Result<()> {
        self.compose(&["kill", "--signal", "KILL", service]).map(drop)
    }

    /// The answer of ClickHouse to `reader`.
    pub(super) fn sql(&self, query: &str) -> anyhow::Result<String> {
        self.tool(&["clickhouse-client", "--query", query])
    }

    /// The answer of the admin API to a token of role admin.
    pub(super) fn api(
        &self,
        path: &str,
        more: &[&str],
        body: Option<&str>,
    ) -> anyhow::Result<String> {
        let mut args = vec!["run", "--rm", "-T", "curl", "api", path];
        args.extend(more);
        if body.is_some() {
            args.extend(["--header", "Content-Type: application/yaml", "--data-binary", "@-"]);
        }
        self.compose_with(&args, body)
    }

    /// What a tool of the profile `tools` prints.
    pub(super) fn tool(&self, args: &[&str]) -> anyhow::Result<String> {
        self.compose(&[&["run", "--rm", "-T"], args].concat())
    }

    /// Runs commands as a person would in the repository's folder, with this stack's name and ports
    /// in the environment, for at most `within_s` seconds.
    pub(super) fn shell(
        &self,
        script: &str,
        variables: &[(&str, &str)],
        within_s: u32,
    ) -> anyhow::Result<Output> {
        Command::new("timeout")
            .args([&within_s.to_string(), "bash", "-c", script])
            .env("COMPOSE_PROJECT_NAME", &self.project)
            .env("COMPOSE_PROGRESS", "quiet")
            .env("COMPOSE_ANSI", "never")
            .envs(self.variables.iter().cloned())
            .envs(variables.iter().copied())
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .stdin(Stdio::null())
            .output()
            .context("run bash")
    }

    /// Gives the image of the project that is in use one more tag.
    pub(super) fn retag(&self, name: &str, tag: &str) -> anyhow::Result<()> {
        let image = format!("ghcr.io/penstock/{name}");
        docker(&["tag", &format!("{image}:0.1.0"), &format!("{image}:{tag}")])
    }

    /// Takes it away again.
    pub(super) fn untag(&self, name: &str, tag: &str) -> anyhow::Result<()> {
        docker(&["rmi", &format!("ghcr.io/penstock/{name}:{tag}")])
    }

    /// Containers, volumes and networks that still bear the name of this stack.
    pub(super) fn left(&self) -> anyhow::Result<Vec<String>> {
        let filter = format!("label=com.docker.compose.project={}", self.project);
        let mut left = Vec::new();
        for list in [
            &["ps", "--all", "--format", "container {{.Names}}"][..],
            &["volume", "ls", "--format", "volume {{.Name}}"][..],
            &["network", "ls", "--format", "network {{.Name}}"][..],
        ] {
            let output = Command::new("docker").args(list).args(["--filter", &filter]).output();
            let output = output.context("run docker")?;
            if !output.status.success() {
                bail!("docker {}: {}", list.join(" "), output.status);
            }
            left.extend(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned));
        }
        Ok(left)
    }

    /// Removes it with all its data.
    pub(super) fn remove(&self) -> anyhow::Result<()> {
        let args = ["--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "1"];
        self.compose(&args).map(drop)
    }

    /// Shows, for a person, what state it is in.
    pub(super) fn show_state(&self) {
        for args in [&["ps", "--all"][..], &["logs", "--tail", "15"][..]] {
            match self.compose(args) {
                Ok(text) => say(&text),
                Err(error) => say(&format!("{error:#}")),
            }
        }
    }
}

fn docker(args: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("docker").args(args).output().context("run docker")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "docker {}: {}", args.join(" "), complaint.trim_end());
    Ok(())
}
