//! Summaries of pipelines in, the rows and sums of the overview out.

use std::collections::BTreeMap;

use crate::{
    page::{
        memory::Memory,
        view::{
            health::Health,
            number,
            overview::{PipelineRow, Totals},
            spark::Spark,
        },
    },
    rest::pipelines::{Overall, PipelineSummary},
};

/// How the page calls what a pipeline is doing.
pub(in crate::page) fn health(overall: Overall) -> Health {
    match overall {
        Overall::Unreadable => Health::Unreadable,
        Overall::Failed => Health::Failed,
        Overall::NoSink => Health::NoSink,
        Overall::Deleting => Health::Draining,
        Overall::Starting => Health::Starting,
        Overall::Paused => Health::Paused,
        Overall::Running => Health::Running,
    }
}

/// The same, knowing what it was told to do: what is on its way to a pause is not about to run.
pub(in crate::page) fn doing(overall: Overall, wanted: &str) -> Health {
    if overall == Overall::Starting && wanted == "paused" {
        Health::Pausing
    } else {
        health(overall)
    }
}

/// A label as selectors spell it.
pub(in crate::page) fn labels(labels: &BTreeMap<String, String>) -> Vec<String> {
    let text = |(key, value): (&String, &String)| {
        if value.is_empty() { key.clone() } else { format!("{key}={value}") }
    };
    labels.iter().map(text).collect()
}

/// One row.
pub(in crate::page) fn row(one: &PipelineSummary, memory: &Memory) -> PipelineRow {
    let numbers = &one.numbers;
    PipelineRow {
        name: one.name.clone(),
        labels: labels(&one.labels),
        topics: one.topics.join(", "),
        table: format!("{}.{}", one.database, one.table),
        health: doing(one.state, &one.wanted),
        why: match one.state {
            Overall::Unreadable => one.last_error.clone(),
            Overall::Failed => one.reason.clone(),
            Overall::NoSink
            | Overall::Deleting
            | Overall::Starting
            | Overall::Paused
            | Overall::Running => None,
        },
        lag: lag(numbers.lag),
        rows: if one.instances == 0 {
            number::NOTHING.to_owned()
        } else {
            number::rate(numbers.rows_per_s)
        },
        freshness: freshness(numbers.freshness_p95_ms),
        dead_letters: number::short(numbers.dead_letters_total),
        has_dead_letters: numbers.dead_letters_total > 0,
        spark: Spark::new(&memory.series(&one.name).rows.all(), "rows per second", number::rate),
    }
}

/// Sums over all pipelines.
pub(in crate::page) fn totals(all: &[PipelineSummary]) -> Totals {
    let count = |wanted| all.iter().filter(|one| health(one.state) == wanted).count();
    let states = Health::OF_PIPELINES.into_iter().map(|health| (health, count(health)));
    let states = states.filter(|(_, number)| *number > 0);
    let worst = all.iter().filter_map(|one| Some((one.numbers.freshness_p95_ms?, &one.name)));
    let worst = worst.max_by(|(a, _), (b, _)| a.total_cmp(b));
    let letters = all.iter().map(|one| one.numbers.dead_letters_total);
    Totals {
        pipelines: number::count(whole(all.len())),
        states: states.map(|(health, number)| (health, number::count(whole(number)))).collect(),
        lag: lag(all.iter().filter_map(|one| one.numbers.lag).reduce(i64::saturating_add)),
        rows: number::rate(all.iter().map(|one| one.numbers.rows_per_s).sum()),
        freshness: worst.map(|(ms, name)| (freshness(Some(ms)), name.clone())),
        dead_letters: number::short(letters.fold(0, u64::saturating_add)),
    }
}

/// Changes when another number of pipelines is in one of the states.
pub(in crate::page) fn shape(totals: &Totals) -> String {
    let states = totals.states.iter().map(|(health, number)| format!("{}:{number}", health.key()));
    states.collect::<Vec<_>>().join(",")
}

pub(in crate::page) fn whole(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

pub(in crate::page) fn lag(lag: Option<i64>) -> String {
    lag.map_or_else(
        || number::NOTHING.to_owned(),
        |lag| number::short(u64::try_from(lag).unwrap_or(0)),
    )
}

pub(in crate::page) fn freshness(ms: Option<f64>) -> String {
    match ms.and_then(milliseconds) {
        Some(ms) => number::duration(ms),
        None => number::NOTHING.to_owned(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be between 0 and 2^53"
)]
fn milliseconds(ms: f64) -> Option<u64> {
    (0.0..9e15).contains(&ms).then(|| ms.round() as u64)
}

#[cfg(test)]
mod tests;
