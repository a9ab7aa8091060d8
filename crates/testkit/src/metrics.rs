//! What a service serves at `/metrics` in, the table of it for a document out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use anyhow::{Context as _, ensure};

use crate::between_comments;

/// Checks that docs/metrics.md has the table of what this service serves at `/metrics`.
///
/// # Errors
///
/// When it has another one, with the table that it should have.
pub fn expect_documented(service: &str, served: &str) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let text = fs::read_to_string(&path).context("read docs/metrics.md")?;
    let table = metrics_table(served);
    let wanted = between_comments(&text, service, &table)
        .with_context(|| format!("docs/metrics.md has no place for {service}"))?;
    ensure!(text == wanted, "docs/metrics.md should say of {service}:\n{table}");
    Ok(())
}

/// One row for each metric in the text format of Prometheus: name, type, labels, what it says of
/// itself. Ordered by name.
#[must_use]
fn metrics_table(served: &str) -> String {
    let mut table = String::from("| metric | type | labels | what |\n|---|---|---|---|\n");
    for (name, Family { kind, help, labels }) in families(served) {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = labels.join(", ");
        // Writing to a string cannot fail.
        writeln!(table, "| `{name}` | {kind} | {labels} | {help} |").ok();
    }
    table
}

#[derive(Debug, Default)]
struct Family<'text> {
    kind: &'text str,
    help: &'text str,
    labels: BTreeSet<&'text str>,
}

fn families(served: &str) -> BTreeMap<&str, Family<'_>> {
    let mut families = BTreeMap::<_, Family<'_>>::new();
    let mut current = "";
    for line in served.lines() {
        if let Some((name, help)) = after(line, "# HELP ") {
            families.entry(name).or_default().help = help;
        } else if let Some((name, kind)) = after(line, "# TYPE ") {
            current = name;
            families.entry(name).or_default().kind = kind;
        } else if let Some((_, labels)) = line.split_once('{') {
            let found = &mut families.entry(current).or_default().labels;
            // A label's name is what stands before `="`, behind the comma of the one before.
            let parts = labels.split("=\"").filter_map(|part| part.rsplit(['"', ',']).next());
            let names = parts.filter(|name| !name.contains('}') && *name != "le");
            found.extend(names);
        }
    }
    families
}

fn after<'text>(line: &'text str, start: &str) -> Option<(&'text str, &'text str)> {
    line.strip_prefix(start)?.split_once(' ')
}

#[cfg(test)]
mod tests;
