//! Running containers in, whom each reaches and what each may do on the machine out.

use std::{process::Command, time::Duration};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{super::until, Found, Stack, table::Table};

/// Has what a look into another container needs; the images of the services have no shell.
const TOOLS: &str = "ghcr.io/penstock/tools:0.1.0";
/// Several times what one look takes.
const SAID_WITHIN: Duration = Duration::from_secs(30);
/// Addresses in, `yes` or `-` for each out; `outside` is a way out of the networks of the stack.
const SCRIPT: &str = r#"
for address; do
    if [ "$address" = outside ]; then
        if awk '$2 == "00000000"' /proc/net/route | grep -q .; then echo yes; else echo -; fi
    elif timeout 2 bash -c "exec 3<> /dev/tcp/${address%:*}/${address#*:}" 2> /dev/null; then
        echo yes
    else
        echo -
    fi
done"#;

/// Tries to connect from within each service's own network to each address.
pub(super) fn walk(stack: &Stack, table: &Table) -> anyhow::Result<Found> {
    let mut found = Found::new();
    for (service, _) in &table.rows {
        let network = format!("container:{}", container(stack, service)?);
        let mut args = vec!["run", "--rm", "--network", &network, "--user", "65532", TOOLS];
        args.extend(["bash", "-c", SCRIPT, "bash"]);
        args.extend(table.columns.iter().map(String::as_str));
        let told = look(&args)?;
        let reached: Vec<_> = told.lines().collect();
        ensure!(reached.len() == table.columns.len(), "{service}: {told}");
        for (address, reached) in table.columns.iter().zip(reached) {
            found.insert((service.clone(), address.clone()), reached.to_owned());
        }
    }
    Ok(found)
}

/// Whether every running container is what it is said to be: no root, no capabilities, nothing to
/// write on but its volumes, ports on the loopback only.
pub(super) fn hardened(stack: &Stack) -> anyhow::Result<()> {
    let ids = stack.compose(&["ps", "--quiet"])?;
    ensure!(ids.lines().count() >= 6, "only these run: {ids}");
    for id in ids.lines() {
        let told: Value = serde_json::from_str(&docker(&["inspect", id])?).context("inspect")?;
        let one = told.get(0).context("nothing inspected")?;
        let name = one["Name"].as_str().unwrap_or_default();
        let host = &one["HostConfig"];
        ensure!(host["ReadonlyRootfs"] == true, "{name} can write on its root");
        ensure!(host["Privileged"] == false, "{name} is privileged");
        ensure!(!host["NetworkMode"].as_str().unwrap_or_default().contains("host"), "{name}");
        for bind in host["Binds"].as_array().into_iter().flatten() {
            let bind = bind.as_str().unwrap_or_default();
            ensure!(!bind.contains("docker.sock"), "{name} has the engine");
        }
        let ports = host["PortBindings"].as_object().into_iter().flatten();
        for binding in ports.flat_map(|(_, bindings)| bindings.as_array().into_iter().flatten()) {
            ensure!(binding["HostIp"] == "127.0.0.1", "{name} listens on {binding}");
        }
        // What the kernel says of its first process, not what was asked for.
        let pids = format!("container:{id}");
        let args = ["run", "--rm", "--pid", &pids, "--network", "none", "--user", "65532", TOOLS];
        let status = look(&[&args[..], &["cat", "/proc/1/status"]].concat())?;
        let field = |key: &str| -> Vec<&str> {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_default().split_whitespace().collect()
        };
        let uids = field("Uid:");
        ensure!(uids.len() == 4 && !uids.contains(&"0"), "{name} runs as {uids:?}");
        for key in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:"] {
            ensure!(field(key) == ["0000000000000000"], "{name} has {key} {:?}", field(key));
        }
        ensure!(field("NoNewPrivs:") == ["1"], "{name} may gain privileges");
    }
    Ok(())
}

fn container(stack: &Stack, service: &str) -> anyhow::Result<String> {
    let id = stack.compose(&["ps", "--quiet", service])?;
    ensure!(!id.is_empty(), "{service} does not run");
    Ok(id)
}

/// Runs a container for what it says. A busy engine can lose the words of one that ends at once:
/// then it is asked again.
fn look(args: &[&str]) -> anyhow::Result<String> {
    until(SAID_WITHIN, || {
        let told = docker(args)?;
        ensure!(!told.is_empty(), "docker {} said nothing", args.join(" "));
        Ok(told)
    })
}

fn docker(args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("docker").args(args).output().context("run docker")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "docker {}: {complaint}", args.join(" "));
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
