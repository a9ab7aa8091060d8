//! What was produced and what is in the table in; what was lost and what doubled out.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};

use crate::{
    plan::Form,
    scene::{NAMESPACE, Scene},
};

/// Most runs of offsets that are shown, and most tokens with each.
const SHOWN_MAX: usize = 20;
const TOKENS_MAX: usize = 10;

/// The end of a run.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) produced: u64,
    pub(crate) rows: u64,
    /// Different places (topic, partition, offset) among the rows.
    pub(crate) distinct: u64,
    pub(crate) dead_letters: u64,
    /// The first offsets that are missing or there more than once, and under which tokens they
    /// were inserted.
    pub(crate) examples: Vec<String>,
}

impl Outcome {
    /// Counts, once everything is committed and the sinks have stopped.
    pub(crate) async fn of(
        scene: &Scene,
        form: &Form,
        produced: u64,
        logs: &Path,
    ) -> anyhow::Result<Self> {
        let (topic, table) = (form.name, format!("shop.{}", form.table()));
        let ends = scene.kafka().end_offsets(topic).await?;
        let in_kafka: i64 = ends.values().sum();
        ensure!(
            u64::try_from(in_kafka) == Ok(produced),
            "Kafka holds {in_kafka} of {produced} events"
        );
        let clickhouse = scene.clickhouse();
        let rows = clickhouse.count(&format!("SELECT count() FROM {table}")).await?;
        let (mut distinct, mut examples) = (0, Vec::new());
        for (partition, end) in &ends {
            // One partition at a time: a set of ten million numbers is more than it may take.
            let these =
                format!("FROM {table} WHERE _topic = '{topic}' AND _partition = {partition}");
            let counted = format!("SELECT uniqExact(_offset) {these} AND _offset < {end}");
            distinct += clickhouse.count(&counted).await?;
            // Neighbours in one line: a batch that is doubled has many rows.
            let runs = |of: &str| {
                format!(
                    "SELECT min(_offset) AS first, max(_offset), times FROM (SELECT _offset, times, \
                     toInt64(_offset) - row_number() OVER (ORDER BY _offset) AS run FROM ({of})) \
                     GROUP BY run, times ORDER BY first LIMIT {SHOWN_MAX}"
                )
            };
            let doubled = format!(
                "SELECT _offset, count() AS times {these} GROUP BY _offset HAVING times > 1"
            );
            let lost = format!(
                "SELECT number AS _offset, 0 AS times FROM numbers({end}) \
                 WHERE number NOT IN (SELECT _offset {these})"
            );
            for of in [doubled, lost] {
                for line in clickhouse.query(&runs(&of)).await?.lines() {
                    examples.push(Run::read(*partition, line).context("read a run of offsets")?);
                }
            }
        }
        // Not only the places: the events themselves, which nobody has made twice.
        let events = format!(
            "SELECT sum(events) FROM (SELECT uniqExact(event_id) AS events \
                              FROM {table} GROUP BY _partition)"
        );
        let events = clickhouse.count(&events).await?;
        ensure!(events == distinct, "{distinct} places hold {events} different events");
        let dead_letters = format!("{NAMESPACE}.dead-letters.{topic}");
        let dead_letters: i64 = scene.kafka().end_offsets(&dead_letters).await?.values().sum();
        examples.truncate(SHOWN_MAX);
        let examples = with_tokens(topic, &examples, logs)?;
        let dead_letters = u64::try_from(dead_letters)?;
        Ok(Self { produced, rows, distinct, dead_letters, examples })
    }

    pub(crate) const fn lost(&self) -> u64 {
        self.produced.saturating_sub(self.distinct)
    }

    pub(crate) const fn doubled(&self) -> u64 {
        self.rows.saturating_sub(self.distinct)
    }

    /// The sentence of the end.
    pub(crate) fn line(&self) -> String {
        let Self { produced, rows, distinct, dead_letters, .. } = self;
        let (lost, doubled) = (self.lost(), self.doubled());
        format!(
            "{produced} events, {rows} rows of {distinct} events: {lost} lost, {doubled} doubled, \
             {dead_letters} dead letters"
        )
    }
}

/// Neighbouring offsets that are equally often in the table.
#[derive(Clone, Copy, Debug)]
struct Run {
    partition: i32,
    first: i64,
    last: i64,
    times: u64,
}

impl Run {
    fn read(partition: i32, line: &str) -> Option<Self> {
        let mut cells = line.split('\t');
        let (first, last) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
        Some(Self { partition, first, last, times: cells.next()?.parse().ok()? })
    }
}

/// Finds in the logs under which tokens these offsets were inserted.
fn with_tokens(topic: &str, runs: &[Run], logs: &Path) -> anyhow::Result<Vec<String>> {
    let mut found: Vec<Vec<String>> = vec![Vec::new(); runs.len()];
    if !runs.is_empty() {
        let mut paths: Vec<_> =
            fs::read_dir(logs)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
        paths.sort();
        let key = format!("\"token\":\"{topic}:");
        for path in paths {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let log = path.file_stem().unwrap_or_default().to_string_lossy();
            for line in text.lines().filter(|line| line.contains("\"batch inserted\"")) {
                let Some((_, token)) = line.split_once(&key) else { continue };
                let token = token.split('"').next().unwrap_or_default();
                let Some((partition, first, last)) = place(token) else { continue };
                for (run, found) in runs.iter().zip(&mut found) {
                    let touches = first <= run.last && run.first <= last;
                    if run.partition == partition && touches && found.len() < TOKENS_MAX {
                        found.push(format!("{token} ({log})"));
                    }
                }
            }
        }
    }
    let line = |(run, tokens): (&Run, Vec<String>)| {
        let Run { partition, first, last, times } = run;
        format!(
            "partition {partition} offsets {first}-{last}: {times} rows each; tokens {}",
            tokens.join(", ")
        )
    };
    Ok(runs.iter().zip(found).map(line).collect())
}

/// Partition, first and last offset of `partition:first-last:nonce`.
fn place(token: &str) -> Option<(i32, i64, i64)> {
    let mut parts = token.split(':');
    let partition = parts.next()?.parse().ok()?;
    let (first, last) = parts.next()?.split_once('-')?;
    Some((partition, first.parse().ok()?, last.parse().ok()?))
}
