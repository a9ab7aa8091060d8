//! What was measured in, a table for people or one JSON object for programs out.

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    freshness::Freshness,
    machine::Machine,
    measured::{Measured, Ratios, Round},
};

/// Between these comments a file holds the numbers of the last run.
const BEGIN: &str = "<!-- bench: begin -->\n";
const END: &str = "<!-- bench: end -->";

/// Everything that one run measured.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) events: u64,
    pub(crate) partitions: i32,
    pub(crate) rounds: Vec<Round>,
    pub(crate) freshness: Option<Freshness>,
}

#[derive(Serialize)]
struct Object<'a> {
    machine: &'a Machine,
    events: u64,
    partitions: i32,
    median: Round,
    ratios: Ratios,
    freshness: Option<Freshness>,
    rounds: &'a [Round],
}

/// Lines of cells, the first of them the heading.
type Table = Vec<Vec<String>>;

impl Report {
    /// One JSON object.
    pub(crate) fn json(&self) -> anyhow::Result<String> {
        let object = Object {
            machine: &self.machine,
            events: self.events,
            partitions: self.partitions,
            median: self.median(),
            ratios: Ratios::median(&self.rounds),
            freshness: self.freshness,
            rounds: &self.rounds,
        };
        serde_json::to_string(&object).context("write the report")
    }

    /// For a terminal.
    pub(crate) fn text(&self) -> String {
        self.shown(aligned)
    }

    /// For a Markdown file.
    pub(crate) fn markdown(&self) -> String {
        self.shown(piped)
    }

    fn shown(&self, draw: fn(&Table) -> String) -> String {
        let mut parts = vec![
            format!("{}.", self.machine.line()),
            format!(
                "{} events of the workload `sales` in {} partitions; median of rounds: {}.",
                self.events,
                self.partitions,
                self.rounds.len()
            ),
            draw(&self.measurements()),
            draw(&self.ratios()),
        ];
        parts.extend(self.freshness.map(|freshness| draw(&steady(&freshness))));
        parts.join("\n\n")
    }

    fn median(&self) -> Round {
        let of = |part: fn(&Round) -> &Measured| {
            Measured::median(&self.rounds.iter().map(part).collect::<Vec<_>>())
        };
        Round {
            producer: of(|round| &round.producer),
            discard: of(|round| &round.discard),
            insert: of(|round| &round.insert),
            sink: of(|round| &round.sink),
            without_intents: of(|round| &round.without_intents),
        }
    }

    fn measurements(&self) -> Table {
        let millions = self.events as f64 / 1e6;
        let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.2}"));
        let per_million = |cpu_s: Option<f64>| number(cpu_s.map(|cpu_s| cpu_s / millions));
        let line = |name: &str, one: &Measured| {
            vec![
                name.to_owned(),
                format!("{:.2}", one.wall_s),
                format!("{:.0}", self.events as f64 / one.wall_s),
                per_million(one.process_cpu_s),
                per_million(one.clickhouse_cpu_s),
                format!("{:.2}", one.cpu_s() / millions),
                per_million(one.clickhouse_merged_cpu_s),
                one.inserts.map_or("-".into(), |inserts| inserts.to_string()),
                one.rss_bytes.map_or("-".into(), |bytes| format!("{}", bytes >> 20)),
                number(one.start_s),
            ]
        };
        let Round { producer, discard, insert, sink, without_intents } = self.median();
        vec![
            cells([
                "what",
                "wall s",
                "events/s",
                "CPU s/M process",
                "CPU s/M ClickHouse",
                "CPU s/M both",
                "CPU s/M ClickHouse, merges done",
                "inserts",
                "peak MiB",
                "start s",
            ]),
            line("producer", &producer),
            line("floor A: poll and discard", &discard),
            line("floor B: insert ready blocks", &insert),
            line("sink, backlog", &sink),
            line("the same without intents", &without_intents),
        ]
    }

    fn ratios(&self) -> Table {
        let ratios = Ratios::median(&self.rounds);
        let line = |name: &str, value: f64, goal: &str| {
            vec![name.to_owned(), format!("{value:.2}"), goal.to_owned()]
        };
        vec![
            cells(["ratio", "measured", "goal"]),
            line("speed: sink / floor A", ratios.speed_over_discard, ">= 0.5"),
            line("CPU: sink and ClickHouse / floors A and B", ratios.cpu_over_floors, "<= 1.6"),
            line("the same, merges done", ratios.merged_cpu_over_floors, "-"),
            line("speed: sink / without intents", ratios.speed_over_without_intents, ">= 0.95"),
        ]
    }
}

/// Puts `numbers` between the two comments of a file's text. `None` when it lacks one.
pub(crate) fn replaced(text: &str, numbers: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{}\n{END}{after}", numbers.trim_end()))
}

fn steady(freshness: &Freshness) -> Table {
    let millions = freshness.events as f64 / 1e6;
    let ms = |value: f64| format!("{value:.0} ms");
    let line = |name: &str, value: String, goal: &str| vec![name.into(), value, goal.into()];
    let title = format!("at {} events/s", freshness.rate_per_sec);
    let per_million = |cpu_s: f64| format!("{:.2} s", cpu_s / millions);
    vec![
        cells([title.as_str(), "measured", "goal"]),
        line("time", format!("{:.1} s", freshness.seconds), "-"),
        line("freshness p50", ms(freshness.p50_ms), "-"),
        line("freshness p95", ms(freshness.p95_ms), "< 1000 ms"),
        line("freshness p99", ms(freshness.p99_ms), "-"),
        line("largest lag, first half", freshness.lag_max_first_half.to_string(), "-"),
        line("largest lag, second half", freshness.lag_max_second_half.to_string(), "no growth"),
        line("lag at the last event", freshness.lag_end.to_string(), "no growth"),
        line("from then until all landed", format!("{:.2} s", freshness.drained_s), "-"),
        line("CPU per million, sink", per_million(freshness.sink_cpu_s), "-"),
        line("CPU per million, ClickHouse", per_million(freshness.clickhouse_cpu_s), "-"),
    ]
}

fn cells<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

/// Columns under each other, the first to the left, numbers to the right.
fn aligned(table: &Table) -> String {
    let columns = table.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| table.iter().filter_map(|line| line.get(column)).map(String::len).max())
        .map(Option::unwrap_or_default)
        .collect();
    let draw = |line: &Vec<String>| {
        let padded = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        padded.collect::<Vec<_>>().join("  ")
    };
    table.iter().map(draw).collect::<Vec<_>>().join("\n")
}

fn piped(table: &Table) -> String {
    let draw = |line: &Vec<String>| format!("| {} |", line.join(" | "));
    let mut lines: Vec<String> = table.iter().map(draw).collect();
    let rule = table.first().map_or(0, Vec::len).saturating_sub(1);
    lines.insert(1.min(lines.len()), format!("| --- |{}", " ---: |".repeat(rule)));
    lines.join("\n")
}
