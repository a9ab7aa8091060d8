//! What Compose makes of its files in, what no service of ours may be out.

use serde_json::Value;

/// The one service that is root: it makes the secrets and gives each to its owner.
const ROOT: &str = "secrets";

/// Words in the name of a variable or an option that holds a secret.
const SECRET_WORDS: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "PRIVATE_KEY"];

/// Words in the name of one that says where a secret is or something else about it.
const ABOUT_SECRETS: [&str; 6] = ["FILE", "PATH", "DIR", "URL", "TTL", "_MS"];

/// A rule for one service: what is wrong with it, if anything is.
type Rule = fn(&str, &Value) -> Vec<String>;

const RULES: [Rule; 10] =
    [image, ports, literals, memory, log_rotation, read_only, capabilities, user, escalation, host];

/// All complaints about all services of the output of `docker compose config --format json`.
pub(super) fn complaints(merged: &Value) -> Vec<String> {
    let Some(services) = merged["services"].as_object().filter(|services| !services.is_empty())
    else {
        return vec!["there is no service".to_owned()];
    };
    let mut found = Vec::new();
    for (name, service) in services {
        for rule in RULES {
            found.extend(rule(name, service).into_iter().map(|what| format!("{name}: {what}")));
        }
    }
    found
}

/// Complaints about a file of variables, one `NAME=value` a line.
pub(super) fn variables(text: &str) -> impl Iterator<Item = String> {
    let pairs = text.lines().filter_map(|line| line.trim().split_once('='));
    pairs
        .filter(|(name, value)| !name.starts_with('#') && is_secret(name, value))
        .map(|(name, _)| format!("{name} looks like a secret"))
}

/// The complaint, if this is so.
fn unless(fine: bool, complaint: &str) -> Vec<String> {
    if fine { Vec::new() } else { vec![complaint.to_owned()] }
}

/// The texts of a list.
fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn image(_: &str, service: &Value) -> Vec<String> {
    let Some(image) = service["image"].as_str() else {
        return vec!["image is not given: also what is built has a name".to_owned()];
    };
    // A colon before the last slash belongs to a port of the registry.
    let name = image.rsplit('/').next().unwrap_or(image);
    let pinned = image.contains("@sha256:") || name.contains(':');
    unless(pinned && !name.contains(":latest"), &format!("image {image} has no fixed tag"))
}

fn ports(_: &str, service: &Value) -> Vec<String> {
    let ports = service["ports"].as_array().into_iter().flatten();
    let open = ports.filter(|port| !matches!(port["host_ip"].as_str(), Some("127.0.0.1" | "::1")));
    open.map(|port| format!("port {} is published beyond 127.0.0.1", port["target"])).collect()
}

/// Looks at variables by their names, and at all words of commands and of what is asked for health.
fn literals(_: &str, service: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in service["environment"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        if is_secret(name, value) || value.split(' ').any(gives_secret) {
            found.push(format!("variable {name} looks like a secret"));
        }
    }
    for place in ["command", "entrypoint"] {
        let words = texts(&service[place]).flat_map(str::split_whitespace).collect::<Vec<_>>();
        let pair = words.windows(2).any(|pair| {
            pair[0].strip_prefix("--").is_some_and(|option| is_secret(option, pair[1]))
        });
        if pair || words.iter().copied().any(gives_secret) {
            found.push(format!("{place} seems to hold a secret"));
        }
    }
    let health = texts(&service["healthcheck"]["test"]).flat_map(str::split_whitespace);
    found.extend(unless(
        !health.into_iter().any(gives_secret),
        "healthcheck seems to hold a secret",
    ));
    found
}

/// Whether a value is a secret, going by the name that it has. What is put in later is none: a
/// variable of a shell, or the place of a file; nor is the word that Java's own stores of public
/// certificates have.
fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_uppercase().replace('-', "_");
    let value = value.trim_matches(['"', '\'', ';']);
    let elsewhere = value.is_empty()
        || value.starts_with(['$', '/', '<'])
        || matches!(value, "true" | "false" | "changeit")
        || value.starts_with("http");
    SECRET_WORDS.iter().any(|word| name.contains(word))
        && !ABOUT_SECRETS.iter().any(|word| name.ends_with(word))
        && !elsewhere
}

/// Whether a word is `password=..` or the like with a literal, as in settings of JAAS, or a URL
/// with a password.
fn gives_secret(word: &str) -> bool {
    let option = word.trim_start_matches('-').split_once('=');
    let option = option.is_some_and(|(name, value)| is_secret(name, value));
    let authority = word.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    let password = user.and_then(|user| user.split_once(':')).map(|(_, password)| password);
    option || password.is_some_and(|password| !password.starts_with('$'))
}

fn memory(_: &str, service: &Value) -> Vec<String> {
    let limits = [&service["mem_limit"], &service["deploy"]["resources"]["limits"]["memory"]];
    let limited = limits.into_iter().any(|limit| {
        let bytes = limit.as_u64().or_else(|| limit.as_str()?.parse().ok());
        bytes.is_some_and(|bytes| bytes > 0)
    });
    unless(limited, "mem_limit is not given")
}

fn log_rotation(_: &str, service: &Value) -> Vec<String> {
    let logging = &service["logging"];
    let known = matches!(logging["driver"].as_str(), Some("json-file" | "local"));
    let limited = ["max-size", "max-file"].iter().all(|key| !logging["options"][key].is_null());
    unless(known && limited, "logging has no driver json-file with max-size and max-file")
}

fn read_only(_: &str, service: &Value) -> Vec<String> {
    unless(service["read_only"] == true, "read_only is not true")
}

fn capabilities(name: &str, service: &Value) -> Vec<String> {
    let mut found = unless(
        texts(&service["cap_drop"]).any(|dropped| dropped == "ALL"),
        "cap_drop is not [ALL]",
    );
    let none = texts(&service["cap_add"]).next().is_none();
    found.extend(unless(none || name == ROOT, "cap_add gives capabilities back"));
    found
}

/// As numbers, so that nobody has to look into the image.
fn user(name: &str, service: &Value) -> Vec<String> {
    let user = service["user"].as_str().unwrap_or_default();
    let id = user.split(':').next().unwrap_or_default().parse::<u32>();
    unless(name == ROOT || id.is_ok_and(|id| id != 0), "user is not a number other than 0")
}

fn escalation(_: &str, service: &Value) -> Vec<String> {
    let mut options = texts(&service["security_opt"]);
    let kept =
        options.any(|option| matches!(option, "no-new-privileges" | "no-new-privileges:true"));
    unless(kept, "security_opt has no no-new-privileges")
}

/// What would make the rest worth nothing.
fn host(_: &str, service: &Value) -> Vec<String> {
    let mut found = unless(service["privileged"] != true, "privileged");
    for key in ["network_mode", "pid", "ipc", "userns_mode"] {
        found.extend(unless(service[key] != "host", &format!("{key} is host")));
    }
    let mut volumes = service["volumes"].as_array().into_iter().flatten();
    let engine = volumes.any(|volume| {
        volume["source"].as_str().is_some_and(|source| source.ends_with("docker.sock"))
    });
    found.extend(unless(!engine, "the engine's socket is mounted"));
    found.extend(unless(service["devices"].is_null(), "devices are given"));
    found
}

#[cfg(test)]
mod tests;
