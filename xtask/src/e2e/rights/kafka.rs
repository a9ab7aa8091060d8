//! Accounts of Kafka in, what each may do with topics, groups, transactions and the cluster out.

use std::{
    collections::BTreeMap,
    io::Write as _,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::{Found, Stack, password, table::Table};
use crate::build::{self, Profile};

/// Tries every cell by librdkafka, through the port that the stack publishes.
pub(super) fn walk(
    stack: &Stack,
    secrets: &BTreeMap<String, String>,
    table: &Table,
) -> anyhow::Result<Found> {
    let mut accounts = BTreeMap::new();
    for account in &table.columns {
        accounts.insert(account, password(secrets, "kafka", account)?);
    }
    let named = |kind: &str| -> Vec<&str> {
        table.rows.iter().filter_map(|(thing, _)| thing.strip_prefix(kind)).collect()
    };
    let topics = named("topic ");
    let scratch: Vec<_> = topics.iter().filter(|topic| topic.ends_with("rights")).collect();
    let asked = json!({
        "properties": {
            "bootstrap.servers": format!("localhost:{}", stack.port("KAFKA_PORT")?),
            "security.protocol": "sasl_plaintext",
            "sasl.mechanism": "SCRAM-SHA-512",
        },
        "accounts": accounts,
        "topics": topics,
        "groups": named("group "),
        "transactional_ids": named("transactional id "),
        "scratch_topics": scratch,
    });
    let may: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&ask(&asked.to_string())?).context("read what was found")?;
    let mut found = Found::new();
    for (thing, letters) in may {
        for (account, letters) in letters {
            let letters = if letters.is_empty() { "-".to_owned() } else { letters };
            found.insert((thing.clone(), account), letters);
        }
    }
    Ok(found)
}

fn ask(asked: &str) -> anyhow::Result<Vec<u8>> {
    let built = build::cargo()
        .args(["build", "--quiet", "--package", "testkit", "--example", "kafka_rights"])
        .status();
    ensure!(built.context("run cargo build")?.success(), "cargo build failed");
    let mut child = Command::new(build::folder(Profile::Dev)?.join("examples/kafka_rights"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("run kafka_rights")?;
    child.stdin.take().context("no input")?.write_all(asked.as_bytes())?;
    let output = child.wait_with_output().context("wait for kafka_rights")?;
    ensure!(output.status.success(), "kafka_rights failed");
    Ok(output.stdout)
}
