//! How much to ask in, whether the admin API's answers are what its document says out.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};

use self::tools::Tools;
use crate::{
    build::{self, Profile},
    http,
    penstock::{ROLES, Running},
    say, succeeds,
};

mod tools;

/// What a user may choose.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Requests per operation and role that are made at random, besides those at the edges of
    /// every parameter.
    #[arg(long, default_value_t = 20)]
    examples: u32,
    /// The same seed makes the same requests.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs `penstock` with a data folder of its own, has a validator read the document of the admin
/// API, and asks every operation with the token of each role.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let program = build::penstock(Profile::Dev)?;
    let folder = build::folder(Profile::Dev)?.join("fuzz-api");
    let tools = Tools::install(&folder.join("tools"))?;
    say("starting penstock");
    let penstock = Running::start(&program, &folder.join("data"))?;
    let passed = ask(&penstock, &tools, &folder, options);
    penstock.stop()?;
    passed
}

fn ask(
    penstock: &Running,
    tools: &Tools,
    folder: &Path,
    options: &Options,
) -> anyhow::Result<bool> {
    let document = folder.join("openapi.json");
    let (status, body) = http::ask(&penstock.address, "GET", "/openapi.json", "", "")?;
    ensure!(status == 200, "GET /openapi.json: {status}");
    fs::write(&document, body).with_context(|| format!("write {}", document.display()))?;
    if !tools.validates(&document)? {
        return Ok(false);
    }
    penstock.make_letters()?;
    let mut all = true;
    for (role, token) in ROLES.into_iter().zip(&penstock.tokens) {
        say(&format!("asking as {role}, seed {}", options.seed));
        let mut schemathesis = tools.schemathesis();
        schemathesis
            .current_dir(folder) // where it leaves its caches
            .env("FUZZ_API_TOKEN", token)
            .args(["run", "--no-color"])
            .arg(&document)
            .args(["--url", &format!("http://{}", penstock.address)])
            .args(["--max-examples", &options.examples.to_string()])
            .args(["--seed", &options.seed.to_string()])
            .args(["--report", "ndjson", "--report-ndjson-path"])
            .arg(folder.join(format!("{role}.ndjson")));
        // All roles, also when one has found something.
        all &= succeeds(&mut schemathesis)?;
    }
    Ok(all)
}
