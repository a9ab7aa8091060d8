//! An image in, what is wrong with its settings and its files out.

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{
    container::{Container, docker, first, run, told},
    elf,
};

/// The user of distroless images that is called nonroot.
const USER: &str = "65532:65532";

/// The user of Debezium's images.
const CONNECT_USER: &str = "1001:1001";

/// What `connect/Dockerfile` puts beside Debezium's own plugins.
const PLUGINS: [&str; 2] = ["apicurio-converter", "connect-file"];

/// The vendor's connector, which not every machine can reach.
const CONNECTOR: &str = "clickhouse";

/// Programs with which somebody who broke in would go on.
const HANDY: [&str; 16] = [
    "sh", "bash", "dash", "ash", "zsh", "ksh", "busybox", "toybox", "perl", "python3", "apt",
    "dpkg", "apk", "curl", "wget", "nc",
];

/// Looks at the image of a service.
pub(super) fn at_service(image: &str, name: &str, version: &str) -> anyhow::Result<Vec<String>> {
    let settings = first(&told(docker(&["image", "inspect"]).arg(image))?)?;
    let mut found = labels(&settings["Config"]["Labels"], name, version);
    found.extend(service_settings(&settings["Config"], name));
    found.extend(contents(image, name)?);
    Ok(found)
}

/// Looks at the image of the fault proxy, which has no healthcheck.
pub(super) fn at_chaos(image: &str, version: &str) -> anyhow::Result<Vec<String>> {
    let settings = first(&told(docker(&["image", "inspect"]).arg(image))?)?;
    let mut found = labels(&settings["Config"]["Labels"], "chaos", version);
    found.extend(plain_settings(&settings["Config"], "chaos"));
    found.extend(contents(image, "chaos")?);
    Ok(found)
}

/// Looks at the image of Kafka Connect, with or without the vendor's connector.
pub(super) fn at_connect(
    image: &str,
    version: &str,
    connector: bool,
) -> anyhow::Result<Vec<String>> {
    let settings = first(&told(docker(&["image", "inspect"]).arg(image))?)?;
    let mut found = labels(&settings["Config"]["Labels"], "connect", version);
    found.extend(differs("user", &settings["Config"]["User"], &json!(CONNECT_USER)));
    found.extend(plugins(&files(&Container::created(&[], image, &[])?)?, connector));
    Ok(found)
}

/// Looks at the image of the jobs' tools.
pub(super) fn at_tools(image: &str, version: &str) -> anyhow::Result<Vec<String>> {
    let settings = first(&told(docker(&["image", "inspect"]).arg(image))?)?;
    let mut found = labels(&settings["Config"]["Labels"], "tools", version);
    found.extend(differs("user", &settings["Config"]["User"], &json!(USER)));
    found.extend(setuid(&files(&Container::created(&[], image, &[])?)?));
    for tool in ["bash", "curl", "jq", "openssl"] {
        let version =
            run(&[], image, &[tool, if tool == "openssl" { "version" } else { "--version" }])?;
        if !version.status.success() {
            found.push(format!("{tool} does not run"));
        }
    }
    Ok(found)
}

/// What is wrong with the files of an image that holds one program of ours and no more.
fn contents(image: &str, name: &str) -> anyhow::Result<Vec<String>> {
    let container = Container::created(&[], image, &[])?;
    let files = files(&container)?;
    let mut found = setuid(&files);
    found.extend(handy(&files));
    found.extend(programs(&files, name));
    found.extend(elf::complaints(&container, &program(name))?);
    Ok(found)
}

/// Where the program of a service is.
fn program(name: &str) -> String {
    format!("/usr/local/bin/{name}")
}

fn differs(what: &str, found: &Value, wanted: &Value) -> Option<String> {
    (found != wanted).then(|| format!("{what} is {found} and not {wanted}"))
}

/// That the image says what it is, from which commit, and whose.
fn labels(labels: &Value, name: &str, version: &str) -> Vec<String> {
    let label =
        |key: &str| labels[format!("org.opencontainers.image.{key}")].as_str().unwrap_or_default();
    let mut found = Vec::new();
    for (key, wanted) in [("title", name), ("version", version), ("licenses", "Apache-2.0")] {
        if label(key) != wanted {
            found.push(format!("label {key} is {:?} and not {wanted:?}", label(key)));
        }
    }
    let revision = label("revision");
    if revision.len() != 40 || !revision.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        found.push(format!("label revision is {revision:?} and no commit"));
    }
    if !label("source").starts_with("https://") {
        found.push(format!("label source is {:?} and no address", label("source")));
    }
    if label("description").is_empty() {
        found.push("label description is empty".to_owned());
    }
    found
}

fn service_settings(settings: &Value, name: &str) -> Vec<String> {
    let wanted = json!(["CMD", program(name), "healthcheck"]);
    let mut found = plain_settings(settings, name);
    found.extend(differs("healthcheck", &settings["Healthcheck"]["Test"], &wanted));
    found
}

fn plain_settings(settings: &Value, name: &str) -> Vec<String> {
    let wanted = [
        ("user", &settings["User"], json!(USER)),
        ("entrypoint", &settings["Entrypoint"], json!([program(name)])),
    ];
    let differ = wanted.iter().filter_map(|(what, found, wanted)| differs(what, found, wanted));
    let mut found: Vec<String> = differ.collect();
    // Data is for the servers; a volume would also be a place to write on a read-only root.
    if settings["Volumes"].as_object().is_some_and(|volumes| !volumes.is_empty()) {
        found.push("it has volumes".to_owned());
    }
    let ours = settings["Env"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let known =
        |variable: &&str| !variable.starts_with("PATH=") && !variable.starts_with("SSL_CERT_FILE=");
    found.extend(ours.filter(known).map(|variable| format!("it sets {variable}")));
    found
}

/// All files of a container, as `tar` lists them.
fn files(container: &Container) -> anyhow::Result<Vec<String>> {
    let mut export =
        docker(&["export", container.id()]).stdout(Stdio::piped()).spawn().context("run docker")?;
    let archive = export.stdout.take().context("read an export")?;
    let list = told(Command::new("tar").args(["--numeric-owner", "-tvf", "-"]).stdin(archive))?;
    ensure!(export.wait().context("wait for docker")?.success(), "docker export failed");
    Ok(list.lines().map(str::to_owned).collect())
}

/// The path in a line such as `-rwxr-xr-x 0/0  1234 2026-01-01 00:00 usr/bin/x -> y`.
fn path(line: &str) -> &str {
    let mut rest = line;
    for _ in 0..5 {
        rest = rest.trim_start().split_once(' ').map_or("", |(_, rest)| rest);
    }
    let rest = rest.trim_start();
    rest.split_once(" -> ").map_or(rest, |(path, _)| path)
}

/// Files that make somebody else of whoever starts them.
fn setuid(files: &[String]) -> Vec<String> {
    let is_one = |line: &&String| {
        line.starts_with('-')
            && line.split(' ').next().is_some_and(|mode| mode.contains(['s', 'S']))
    };
    files.iter().filter(is_one).map(|line| format!("{} is setuid or setgid", path(line))).collect()
}

fn handy(files: &[String]) -> Vec<String> {
    let paths = files.iter().filter(|line| !line.starts_with('d')).map(|line| path(line));
    let is_one =
        |path: &&str| path.rsplit_once("bin/").is_some_and(|(_, name)| HANDY.contains(&name));
    paths.filter(is_one).map(|path| format!("{path} is in it")).collect()
}

/// That our program is all that we add, and that who runs it cannot change it.
fn programs(files: &[String], name: &str) -> Vec<String> {
    let ours =
        files.iter().filter(|line| path(line).starts_with("usr/local/") && !line.starts_with('d'));
    let ours: Vec<String> = ours
        .map(|line| {
            let mut words = line.split_whitespace();
            format!("{} {} {}", words.next().unwrap_or(""), words.next().unwrap_or(""), path(line))
        })
        .collect();
    let wanted = format!("-r-xr-xr-x 0/0 usr/local/bin/{name}");
    if ours == [wanted.as_str()] { Vec::new() } else { vec![format!("usr/local holds {ours:?}")] }
}

/// That the plugins are there, each with a jar, and the vendor's connector where it was asked for.
fn plugins(files: &[String], connector: bool) -> Vec<String> {
    let has = |plugin: &str| {
        let folder = format!("kafka/connect/{plugin}/");
        files.iter().map(|line| path(line)).any(|path| {
            path.strip_prefix(&folder).is_some_and(|name| name.to_lowercase().ends_with(".jar"))
        })
    };
    let wanted = PLUGINS.map(|plugin| (plugin, true)).into_iter().chain([(CONNECTOR, connector)]);
    wanted
        .filter(|(plugin, wanted)| has(plugin) != *wanted)
        .map(|(plugin, wanted)| {
            format!("plugin {plugin} is {} it", if wanted { "missing in" } else { "in" })
        })
        .collect()
}

#[cfg(test)]
mod tests;
