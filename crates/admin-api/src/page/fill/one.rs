//! The state of one pipeline in, the parts of its page out.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use pipeline_spec::{
    State,
    status::{InstanceStatus, RunState},
    store::Stored,
};

use super::list::{doing, freshness, labels, lag, whole};
use crate::{
    dead_letters,
    page::{
        fields::{address, step},
        memory::Series,
        view::{
            advice::advice,
            frame::Frame,
            health::Health,
            number,
            pipeline::{
                Belongings, ErrorRow, Guarantee, Head, InstanceRow, PartitionRow, Tab, Tile,
                Trouble,
            },
            spark::Spark,
        },
    },
    rest::pipelines::{Overall, PartitionView, PipelineStatus},
};

/// Most partitions on one page; the API tells of all.
pub(in crate::page) const PARTITIONS_MAX: usize = 500;

/// What is above every page about the pipeline.
pub(in crate::page) fn head(stored: &Stored, status: &PipelineStatus, tab: Tab) -> Head {
    let spec = &stored.spec;
    let topic = |topic: &String| (topic.clone(), format!("/topics/{}", step(topic)));
    Head {
        name: spec.name.clone(),
        labels: labels(&spec.labels),
        topics: spec.source.topics.iter().map(topic).collect(),
        table: format!("{}.{}", spec.target.database, spec.target.table),
        health: doing(status.state, &status.wanted),
        version: stored.version.to_string(),
        tab,
        paused: spec.state == State::Paused,
        draining: stored.deleting,
        turn: turn(status),
    }
}

/// A frame that follows the pipeline: what is above the page is brought up to date from the page
/// about its state, which is cheap to make. The one about offsets brings itself.
pub(in crate::page) fn live(frame: Frame, status: &PipelineStatus, tab: Tab) -> Frame {
    let path = if tab == Tab::Offsets { tab.path() } else { "" };
    Frame {
        events: Some(address("/events", &[("one", &status.name)])),
        shape: shape(status),
        fresh: Some(format!("/pipelines/{}{path}", status.name)),
        ..frame
    }
}

/// What is wanted and not yet so; none when all is as it is wanted.
fn turn(status: &PipelineStatus) -> Option<String> {
    let sinks = status.instances.len();
    let behind = status.instances.iter().filter(|one| one.version < status.version).count();
    let took = format!("{} of {sinks} sinks took that over", sinks - behind);
    let paused = status.wanted == "paused";
    let now = match status.state {
        Overall::Deleting if sinks == 0 => {
            return Some("It is about to be removed. The table stays.".to_owned());
        }
        Overall::Deleting => {
            let text = "It drains: what is in flight lands, then it is removed. The table stays.";
            return Some(text.to_owned());
        }
        Overall::NoSink => "no sink runs it".to_owned(),
        Overall::Failed if paused => "it has failed".to_owned(),
        Overall::Starting if paused => format!("{took}; what is in flight lands first"),
        Overall::Starting if behind == 0 => "its sinks are about to begin".to_owned(),
        _ if status.reset.is_some() => "the owners of partitions set offsets".to_owned(),
        _ if behind > 0 => took,
        Overall::Unreadable
        | Overall::Failed
        | Overall::Starting
        | Overall::Paused
        | Overall::Running => return None,
    };
    Some(format!("Wanted: {}. Now: {now}.", status.wanted))
}

/// What needs a person, by reason.
pub(in crate::page) fn trouble(status: &PipelineStatus) -> Vec<Trouble> {
    let mut found: BTreeMap<&str, Trouble> = BTreeMap::new();
    let new = |reason: &str| Trouble {
        advice: advice(&status.name, reason),
        subject: String::new(),
        detail: None,
    };
    for one in status.instances.iter().filter(|one| one.state == RunState::Failed) {
        let reason = one.reason.as_deref().unwrap_or("failed");
        let trouble = found.entry(reason).or_insert_with(|| new(reason));
        trouble.detail = trouble.detail.take().or_else(|| detail(one));
        add(&mut trouble.subject, &format!("sink {}", one.instance));
    }
    for partition in &status.partitions {
        let Some(reason) = partition.stopped.as_deref() else { continue };
        let trouble = found.entry(reason).or_insert_with(|| new(reason));
        add(&mut trouble.subject, &format!("{}:{}", partition.topic, partition.partition));
        let owner = status.instances.iter().find(|one| one.instance == partition.instance);
        trouble.detail = trouble.detail.take().or_else(|| detail(owner?));
    }
    if status.state == Overall::NoSink && !status.deleting {
        found.insert("no-sink", new("no-sink"));
    }
    found.into_values().collect()
}

/// What a sink says that stopped, and what happened to it last.
fn detail(one: &InstanceStatus) -> Option<String> {
    let error = one.last_error.as_ref().map(|error| error.message.as_str());
    match (one.detail.as_deref(), error) {
        (Some(detail), Some(error)) if !error.contains(detail) => {
            Some(format!("{detail}:\n{error}"))
        }
        (_, Some(error)) => Some(error.to_owned()),
        (detail, None) => detail.map(str::to_owned),
    }
}

/// Adds to an enumeration, which has a limit.
fn add(text: &mut String, one: &str) {
    const LONGEST: usize = 200;
    if text.len() > LONGEST {
        if !text.ends_with('…') {
            text.push('…');
        }
    } else {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(one);
    }
}

/// The numbers, with the charts of the last minutes.
pub(in crate::page) fn tiles(status: &PipelineStatus, series: &Series) -> Vec<Tile> {
    let numbers = &status.numbers;
    let since = "since the sinks started";
    let tile = |key, name, value: String, note: String| Tile {
        key,
        name,
        value,
        note,
        spark: None,
        href: None,
    };
    let bytes = format!("{}/s", number::bytes(numbers.bytes_per_s));
    let p50 = format!("P50 {}", freshness(numbers.freshness_p50_ms));
    let ms = |ms| freshness(Some(ms));
    vec![
        Tile {
            spark: Some(Spark::new(&series.lag.all(), "lag", number::rate)),
            ..tile("lag", "Lag", lag(numbers.lag), "records".to_owned())
        },
        Tile {
            spark: Some(Spark::new(&series.rows.all(), "rows per second", number::rate)),
            ..tile("rows", "Rows/s", number::rate(numbers.rows_per_s), bytes)
        },
        Tile {
            spark: Some(Spark::new(&series.freshness.all(), "P95", ms)),
            ..tile("freshness", "Freshness P95", freshness(numbers.freshness_p95_ms), p50)
        },
        tile("total", "Rows", number::short(numbers.rows_total), since.to_owned()),
        Tile {
            href: Some(format!("/pipelines/{}/dead-letters", status.name)),
            ..tile(
                "dead_letters",
                "Dead letters",
                number::short(numbers.dead_letters_total),
                since.to_owned(),
            )
        },
    ]
}

/// The partitions, those that stopped first, and how many are left out.
pub(in crate::page) fn partitions(status: &PipelineStatus) -> (Vec<PartitionRow>, Option<String>) {
    let most = status.partitions.iter().filter_map(|one| one.lag).max().unwrap_or(0).max(1);
    let mut sorted: Vec<&PartitionView> = status.partitions.iter().collect();
    sorted.sort_by_key(|one| one.stopped.is_none());
    let left_out = sorted.len().saturating_sub(PARTITIONS_MAX);
    let left_out = (left_out > 0)
        .then(|| format!("{} more are told of by the API only", number::count(whole(left_out))));
    let rows = sorted.into_iter().take(PARTITIONS_MAX).map(|one| partition(one, most));
    (rows.collect(), left_out)
}

fn partition(one: &PartitionView, most: i64) -> PartitionRow {
    let offset = |offset: Option<i64>| match offset.and_then(|offset| u64::try_from(offset).ok()) {
        Some(offset) => number::count(offset),
        None => number::NOTHING.to_owned(),
    };
    let part = one.lag.unwrap_or(0).max(0).saturating_mul(100) / most;
    PartitionRow {
        key: format!("{}:{}", one.topic, one.partition),
        topic: one.topic.clone(),
        partition: one.partition.to_string(),
        committed: offset(one.committed),
        end: offset(one.end),
        lag: offset(one.lag),
        lag_part: u32::try_from(part.min(100)).unwrap_or(0),
        pending: one.pending_ranges.to_string(),
        stopped: one.stopped.clone(),
        owner: one.instance.clone(),
    }
}

/// The sinks.
pub(in crate::page) fn instances(status: &PipelineStatus, now_ms: i64) -> Vec<InstanceRow> {
    let row = |one: &InstanceStatus| InstanceRow {
        instance: one.instance.clone(),
        health: match one.state {
            RunState::Starting => Health::Starting,
            RunState::Running => Health::Running,
            RunState::Paused => Health::Paused,
            RunState::Failed => Health::Failed,
            RunState::Stopping => Health::Draining,
        },
        version: one.version.to_string(),
        current: one.version == status.version,
        partitions: one.partitions.len().to_string(),
        rows: number::rate(one.rows_per_s),
        bytes: number::bytes(one.bytes_per_s),
        retrying: one.retrying.clone(),
        seen: number::ago(one.at_ms, now_ms),
    };
    status.instances.iter().map(row).collect()
}

/// What is promised, as the first sink that looked at the table found it.
pub(in crate::page) fn guarantee(status: &PipelineStatus) -> Option<Guarantee> {
    let found = status.instances.iter().find_map(|one| one.guarantee.as_ref())?;
    Some(Guarantee {
        strong: found.delivery == "exactly-once",
        delivery: found.delivery.clone(),
        findings: found.findings.clone(),
    })
}

/// What stays behind unless a removal takes it along.
pub(in crate::page) fn belongings(status: &PipelineStatus, namespace: &str) -> Belongings {
    Belongings {
        group: status.group.clone(),
        letters: status.dead_letter_topic.clone(),
        replays: dead_letters::replay_topic(namespace, &status.name),
    }
}

/// Records left out by all sinks, by reason.
pub(in crate::page) fn skipped(status: &PipelineStatus) -> Vec<(String, String)> {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for (reason, number) in status.instances.iter().flat_map(|one| &one.skipped_total) {
        let sum = sums.entry(reason).or_default();
        *sum = sum.saturating_add(*number);
    }
    sums.retain(|_, number| *number > 0);
    sums.into_iter().map(|(reason, number)| (reason.to_owned(), number::count(number))).collect()
}

/// The last error of each sink, newest first.
pub(in crate::page) fn errors(status: &PipelineStatus, now_ms: i64) -> Vec<ErrorRow> {
    let told = |one: &'_ InstanceStatus| {
        let error = one.last_error.as_ref()?;
        let row = ErrorRow {
            when: number::moment(error.at_ms),
            machine_when: number::machine_moment(error.at_ms),
            ago: number::ago(error.at_ms, now_ms),
            instance: one.instance.clone(),
            message: error.message.clone(),
        };
        Some((error.at_ms, row))
    };
    let mut rows: Vec<(i64, ErrorRow)> = status.instances.iter().filter_map(told).collect();
    rows.sort_by_key(|(at_ms, _)| std::cmp::Reverse(*at_ms));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What cannot be brought up to date by numbers alone; the same for the life of this process.
pub(in crate::page) fn shape(status: &PipelineStatus) -> String {
    let mut hasher = DefaultHasher::new();
    (status.version, status.state.as_str(), &status.reason, &status.reset).hash(&mut hasher);
    for one in &status.partitions {
        (&one.topic, one.partition, &one.instance, &one.stopped).hash(&mut hasher);
    }
    for one in &status.instances {
        let error = one.last_error.as_ref().map(|error| error.at_ms);
        (&one.instance, one.version, one.state, &one.retrying, error).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests;
