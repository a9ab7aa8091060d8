//! Tokens of the admin API in, which calls it takes from each out.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};

use super::{Found, Stack, table::Table};

/// The column of who has no token.
const NOBODY: &str = "nobody";
/// A line of token, method and path in, the status of the answer out. An empty body is no document,
/// and nothing is called `rights`: a call that is taken changes nothing.
const SCRIPT: &str = r#"
while IFS=$'\t' read -r token method path; do
    ask=(curl --silent --output /dev/null --write-out '%{http_code}\n' --request "$method"
        --cacert /run/secrets/penstock/ca.crt)
    if [ "$token" != - ]; then ask+=(--config -); fi
    if [ "$method" != GET ]; then
        ask+=(--header 'Content-Type: application/json' --data '')
    fi
    printf 'header = "Authorization: Bearer %s"\n' "$token" | "${ask[@]}" "$ADMIN_API_URL$path"
done"#;

/// Tries every call with every token, and without one.
pub(super) fn walk(
    stack: &Stack,
    secrets: &BTreeMap<String, String>,
    table: &Table,
) -> anyhow::Result<Found> {
    let mut asked = Vec::new();
    let mut lines = String::new();
    for (call, _) in &table.rows {
        let (method, path) = call.split_once(' ').with_context(|| format!("read {call:?}"))?;
        for role in &table.columns {
            let token = if role == NOBODY {
                "-"
            } else {
                let name = format!("token-{role}");
                secrets.get(&name).with_context(|| format!("there is no secret {name}"))?
            };
            lines += &format!("{token}\t{method}\t{path}\n");
            asked.push((call.clone(), role.clone()));
        }
    }
    let told =
        stack.compose_with(&["run", "--rm", "-T", "curl", "bash", "-c", SCRIPT], Some(&lines))?;
    let statuses: Vec<_> = told.lines().collect();
    ensure!(statuses.len() == asked.len(), "{} answers to {} calls", statuses.len(), asked.len());
    let may = |status: &str| match status {
        "401" | "403" => "-".to_owned(),
        // Taken, and then found to be about nothing, or without what it needs.
        "200" | "202" | "204" | "400" | "404" | "409" | "415" | "422" | "502" => "yes".to_owned(),
        other => format!("status {other}"),
    };
    Ok(asked.into_iter().zip(statuses).map(|(cell, status)| (cell, may(status))).collect())
}
