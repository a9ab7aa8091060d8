//! Accounts and names of things in Kafka in, what each account may do with each out.
//!
//! Reads one JSON document ([`Asked`]) from its input, so that passwords are on no command line, and
//! prints one. Nothing that it tries changes what the stack uses: it asks for validation only, sends
//! records that the broker must refuse, and deletes only topics of its own.

mod asks;
mod login;

use std::{
    collections::BTreeMap,
    io::{Write as _, stdin, stdout},
};

use anyhow::Context as _;
use rdkafka::ClientConfig;
use serde::Deserialize;

/// What to try.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Settings of librdkafka that all accounts share.
    properties: BTreeMap<String, String>,
    /// Accounts, each with its password.
    accounts: BTreeMap<String, String>,
    topics: Vec<String>,
    groups: Vec<String>,
    transactional_ids: Vec<String>,
    /// Made before by the account `admin`, and deleted afterwards.
    scratch_topics: Vec<String>,
}

/// By what was asked about (`topic sales`) and account: the letters of what it may.
type May = BTreeMap<String, BTreeMap<String, String>>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let asked: Asked = serde_json::from_reader(stdin()).context("read what to try")?;
    let admin = client(&asked, "admin")?;
    asks::create(&admin, &asked.scratch_topics).await?;
    let mut may = May::new();
    for account in asked.accounts.keys() {
        let found = asks::all(&client(&asked, account)?, &admin, &asked).await;
        for (thing, letters) in found.with_context(|| format!("as {account}"))? {
            may.entry(thing).or_default().insert(account.clone(), letters);
        }
        let mut wrong = client(&asked, account)?;
        login::refused(wrong.set("sasl.password", "wrong"), account).await?;
    }
    asks::delete(&admin, &asked.scratch_topics).await?;
    writeln!(stdout(), "{}", serde_json::to_string(&may)?)?;
    Ok(())
}

/// The settings of `account`.
fn client(asked: &Asked, account: &str) -> anyhow::Result<ClientConfig> {
    let password = asked.accounts.get(account).with_context(|| format!("no account {account}"))?;
    let mut config = ClientConfig::new();
    for (key, value) in &asked.properties {
        config.set(key, value);
    }
    config
        .set("sasl.username", account)
        .set("sasl.password", password)
        .set("allow.auto.create.topics", "false");
    Ok(config)
}
