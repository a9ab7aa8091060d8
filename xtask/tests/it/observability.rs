//! Promise: each alert has a runbook, a unit test that fires it and one where it stays silent, and
//! alerts and dashboards ask for nothing that nobody serves.
//!
//! What the unit tests say is for promtool to check (`cargo xtask lint`); this is about what lacks.

use std::{collections::BTreeSet, fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, de::DeserializeOwned};

mod alerts;
mod dashboards;
mod promql;

/// The repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| format!("read {path}"))
}

/// The files in `folder` that end in `.{extension}`, in order of their names; at least one.
fn texts(folder: &str, extension: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).with_context(|| format!("read {folder}"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(path)?));
        }
    }
    ensure!(!found.is_empty(), "no {extension} file in {folder}");
    found.sort();
    Ok(found)
}

fn yaml<T: DeserializeOwned>(folder: &str) -> Result<Vec<T>> {
    let parse = |(name, text): (String, String)| {
        serde_saphyr::from_str(&text).with_context(|| format!("read {folder}/{name}"))
    };
    texts(folder, "yaml")?.into_iter().map(parse).collect()
}

/// Names of metrics that somebody serves: those of docs/metrics.md, and what rules record.
fn known_metrics() -> Result<BTreeSet<String>> {
    let mut known = documented(&read("docs/metrics.md")?);
    let rules: Vec<alerts::Rules> = yaml("observability/prometheus/alerts")?;
    known.extend(rules.iter().flat_map(alerts::Rules::all).filter_map(|rule| rule.record.clone()));
    Ok(known)
}

/// What is first in the rows of tables; of histograms the three series that make one.
fn documented(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    rows.flat_map(|(name, rest)| match rest.trim_start().starts_with("histogram") {
        true => ["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")).to_vec(),
        false => vec![name.to_owned()],
    })
    .collect()
}

#[derive(Deserialize)]
struct Provisioned {
    datasources: Vec<Uid>,
}

#[derive(Deserialize)]
struct Uid {
    uid: String,
}

#[test]
fn every_alert_is_explained_and_tested() -> Result<()> {
    let rules: Vec<alerts::Rules> = yaml("observability/prometheus/alerts")?;
    let tests: Vec<alerts::Tests> = yaml("observability/prometheus/tests")?;
    let complaints = alerts::complaints(&rules, &tests, &read("docs/runbooks.md")?);
    ensure!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    ensure!(rules.iter().flat_map(alerts::Rules::all).count() > 25, "where have the rules gone?");
    Ok(())
}

#[test]
fn every_metric_that_is_asked_for_is_served() -> Result<()> {
    let known = known_metrics()?;
    let mut asked = BTreeSet::new();
    let rules: Vec<alerts::Rules> = yaml("observability/prometheus/alerts")?;
    for rule in rules.iter().flat_map(alerts::Rules::all) {
        asked.extend(promql::metrics(&rule.expr));
    }
    for (name, text) in texts("observability/grafana/dashboards", "json")? {
        let dashboard = serde_json::from_str(&text).with_context(|| format!("read {name}"))?;
        for query in dashboards::promql(&dashboard) {
            asked.extend(promql::metrics(&query));
        }
    }
    ensure!(asked.len() > 40, "only {} metrics found: is the search broken?", asked.len());
    let unknown: Vec<_> = asked.difference(&known).collect();
    ensure!(unknown.is_empty(), "not in docs/metrics.md: {unknown:?}");

    let text = read("docs/metrics.md")?;
    let (_, others) = text.split_once("## Metrics of others").context("no list of others")?;
    let listed = documented(others);
    let unused: Vec<_> = listed.difference(&asked).collect();
    ensure!(unused.is_empty(), "in docs/metrics.md, and nobody asks for them: {unused:?}");
    Ok(())
}

#[test]
fn dashboards_can_be_provisioned() -> Result<()> {
    let provisioned: Vec<Provisioned> = yaml("observability/grafana/provisioning/datasources")?;
    let sources: BTreeSet<_> =
        provisioned.into_iter().flat_map(|file| file.datasources).map(|one| one.uid).collect();
    let mut uids = BTreeSet::new();
    let mut complaints = Vec::new();
    for (name, text) in texts("observability/grafana/dashboards", "json")? {
        let dashboard = serde_json::from_str(&text).with_context(|| format!("read {name}"))?;
        let found = dashboards::complaints(&dashboard, &sources);
        complaints.extend(found.into_iter().map(|complaint| format!("{name}: {complaint}")));
        let uid = dashboard["uid"].as_str().unwrap_or_default().to_owned();
        ensure!(uids.insert(uid.clone()), "{name}: the uid {uid} is taken");
    }
    ensure!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    Ok(())
}
