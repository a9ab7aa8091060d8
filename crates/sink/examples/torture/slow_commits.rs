//! The sinks' own metrics in, a sign for each commit out that was answered, but late.

use std::{collections::BTreeMap, time::Duration};

use tokio::time;

use crate::{kind::Sign, signs::Seen, sinks::Name, watch::Watch};

/// How often one asks, and longest wait for an answer: shorter than any freeze, so that a commit
/// that was late because its sink was frozen is not taken for one that Kafka let wait.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Of the histogram of commits, in seconds: a bucket that only a server in trouble goes beyond.
const IN_TIME: &str = "le=\"1.024\"";
const COMMITS: &str = "penstock_sink_commit_seconds_";

/// Counts for ever.
pub(crate) async fn run(watch: &Watch) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().timeout(ASK_EVERY).build()?;
    let mut known: BTreeMap<Name, (String, u64)> = BTreeMap::new();
    loop {
        time::sleep(ASK_EVERY).await;
        for name in Name::BOTH {
            let before = known.remove(&name);
            let Some(address) = watch.address(name) else { continue };
            let Some(now) = late(&client, &address).await else { continue };
            // Of a sink that was not heard the last time, nothing is known about when.
            let before = before.filter(|(of, _)| *of == address).map_or(now, |(_, late)| late);
            for _ in before..now {
                let sign = Sign::CommitLate;
                watch.signs.saw(Seen { sign, sink: Some(name), partition: None });
            }
            known.insert(name, (address, now));
        }
    }
}

/// Commits of this process so far that took too long; `None` when it does not answer.
async fn late(client: &reqwest::Client, address: &str) -> Option<u64> {
    let answer = client.get(format!("http://{address}/metrics")).send().await.ok()?;
    let text = answer.text().await.ok()?;
    let value = |kind: &str, label: &str| -> Option<u64> {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(COMMITS));
        let line = lines.find(|line| line.starts_with(kind) && line.contains(label))?;
        line.rsplit_once(' ')?.1.parse().ok()
    };
    Some(value("count", "")?.saturating_sub(value("bucket", IN_TIME)?))
}
