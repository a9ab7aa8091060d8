//! Nothing in, the list of pipelines and the state of one out.

use super::{HOSTILE, STATES, frame, print, samples, viewer};
use crate::page::view::{
    advice::advice,
    frame::{Notice, Section},
    health::Health,
    number,
    overview::{Filter, Overview, PipelineRow, Totals},
    pager::Pager,
    pipeline::{
        Belongings, ErrorRow, Guarantee, Head, InstanceRow, PartitionRow, PipelinePage, Tab, Tile,
        Trouble,
    },
    spark::Spark,
};

pub(super) fn add(pages: &mut Vec<(&'static str, String)>) {
    pages.push(("overview", print(&overview())));
    pages.push(("overview-empty", print(&empty())));
    pages.push(("overview-nothing", print(&Overview { rows: Vec::new(), ..overview() })));
    pages.push(("pipeline", print(&pipeline(false))));
    pages.push(("pipeline-failed", print(&pipeline(true))));
    pages.push(("pipeline-new", print(&fresh())));
}

fn overview() -> Overview {
    let mut rows: Vec<PipelineRow> = STATES.into_iter().enumerate().map(hard).collect();
    for (place, name) in
        ["orders", "sales", "clicks-eu", "payments", "inventory"].iter().enumerate()
    {
        rows.push(running(name, u32::try_from(place).unwrap_or(0)));
    }
    let mut frame = frame("Pipelines", Section::Pipelines);
    frame.events = Some("/events?name=sales".to_owned());
    frame.notice = Some(Notice::done("orders resumes; its sinks were told."));
    Overview {
        frame,
        totals: Totals {
            pipelines: "1,000".to_owned(),
            states: vec![
                (Health::Failed, "2".to_owned()),
                (Health::NoSink, "1".to_owned()),
                (Health::Paused, "14".to_owned()),
                (Health::Running, "983".to_owned()),
            ],
            lag: "1.20 M".to_owned(),
            rows: "812 k".to_owned(),
            freshness: Some(("1.4 s".to_owned(), "clicks-eu".to_owned())),
            dead_letters: "4,031".to_owned(),
        },
        filter: Filter { sort: "state".to_owned(), ..Filter::default() },
        rows,
        pager: Pager::new(2, 50, 1_000, "pipelines", |page| format!("/?page={page}")),
    }
}

fn empty() -> Overview {
    Overview {
        frame: frame("Pipelines", Section::Pipelines),
        totals: Totals { pipelines: "0".to_owned(), ..Totals::default() },
        filter: Filter::default(),
        rows: Vec::new(),
        pager: Pager::default(),
    }
}

fn hard((place, health): (usize, Health)) -> PipelineRow {
    let long = "a-pipeline-with-the-longest-name-that-anybody-can-give-it-000001";
    let name = if place == 0 { "returns" } else { long };
    PipelineRow {
        name: name.to_owned(),
        labels: vec!["team=retail".to_owned(), format!("note={HOSTILE}")],
        topics: "warehouse.public.return_events_with_a_long_name".to_owned(),
        table: "warehouse.return_events_with_a_long_name".to_owned(),
        health,
        why: match health {
            Health::Failed => Some("schema-mismatch".to_owned()),
            Health::Unreadable => Some("2 of 12 partitions: offset-out-of-range".to_owned()),
            Health::NoSink => Some("no sink has told of it for 15 s".to_owned()),
            Health::Degraded
            | Health::Draining
            | Health::Starting
            | Health::Pausing
            | Health::Paused
            | Health::Running => None,
        },
        lag: "1,104,233".to_owned(),
        rows: "0".to_owned(),
        freshness: number::NOTHING.to_owned(),
        dead_letters: "4,012".to_owned(),
        has_dead_letters: true,
        spark: Spark::new(&[None, None], "rows per second", number::rate),
    }
}

fn running(name: &str, phase: u32) -> PipelineRow {
    let rows = samples(1_000.0 * f64::from(phase + 1), 400.0, phase * 11);
    PipelineRow {
        name: name.to_owned(),
        labels: vec!["team=retail".to_owned()],
        topics: name.to_owned(),
        table: format!("shop.{}", name.replace('-', "_")),
        health: Health::Running,
        why: None,
        lag: "530".to_owned(),
        rows: number::rate(rows[59].unwrap_or_default()),
        freshness: "571 ms".to_owned(),
        dead_letters: "0".to_owned(),
        has_dead_letters: false,
        spark: Spark::new(&rows, "rows per second", number::rate),
    }
}

pub(super) fn head(tab: Tab, health: Health) -> Head {
    Head {
        name: "sales".to_owned(),
        labels: vec!["team=retail".to_owned(), "env=prod".to_owned()],
        topics: vec![("sales".to_owned(), "/topics/sales".to_owned())],
        table: "shop.sales".to_owned(),
        health,
        version: "7".to_owned(),
        tab,
        paused: health == Health::Paused,
        draining: health == Health::Draining,
        turn: (health != Health::Running)
            .then(|| "Wanted: running. Now: 0 of 2 sinks took that over.".to_owned()),
    }
}

fn pipeline(failed: bool) -> PipelinePage {
    let mut frame = frame("sales", Section::Pipelines);
    frame.events = Some("/events?one=sales".to_owned());
    frame.fresh = Some("/pipelines/sales".to_owned());
    let health = if failed { Health::Failed } else { Health::Running };
    let trouble = failed.then(|| Trouble {
        advice: advice("sales", "schema-mismatch"),
        subject: "partitions 3, 7 of sales".to_owned(),
        detail: Some(
            "field price, a decimal(18,4), does not fit column price, a Decimal(9, 2)".to_owned(),
        ),
    });
    PipelinePage {
        frame,
        head: head(Tab::Status, health),
        trouble: trouble.into_iter().collect(),
        tiles: tiles(),
        guarantee: Some(Guarantee {
            delivery: "exactly-once".to_owned(),
            strong: true,
            findings: vec!["shop.sales remembers the last 100,000 inserts".to_owned()],
        }),
        partitions_left_out: failed.then(|| "and 12 more".to_owned()),
        partitions: (0..8).map(|number| partition(number, failed)).collect(),
        instances: (0..2).map(|place| instance(place, health)).collect(),
        skipped: vec![("null-value".to_owned(), "12".to_owned())],
        errors: vec![ErrorRow {
            when: number::moment(1_795_275_422_000),
            machine_when: number::machine_moment(1_795_275_422_000),
            ago: "12 s ago".to_owned(),
            instance: "sink-7d9f-4711-ab12cd".to_owned(),
            message: format!("insert refused: {HOSTILE}"),
        }],
        belongings: belongings(),
    }
}

fn tiles() -> Vec<Tile> {
    let chart = |middle, swing, name: &str| {
        Some(Spark::new(&samples(middle, swing, 3), name, number::rate))
    };
    let tile = |key, name, value: &str, note: &str, spark| Tile {
        key,
        name,
        value: value.to_owned(),
        note: note.to_owned(),
        spark,
        href: None,
    };
    vec![
        tile("lag", "Lag", "530", "records", chart(500.0, 300.0, "lag")),
        tile("rows", "Rows/s", "1,024", "96.2 KiB/s", chart(1_000.0, 200.0, "rows per second")),
        tile("freshness", "Freshness P95", "571 ms", "P50 301 ms", chart(500.0, 90.0, "P95")),
        tile("total", "Rows", "12.3 M", "since the sinks started", None),
        Tile {
            href: Some("/pipelines/sales/dead-letters".to_owned()),
            ..tile("dead_letters", "Dead letters", "12", "since the sinks started", None)
        },
    ]
}

pub(super) fn partition(number: u32, failed: bool) -> PartitionRow {
    let stopped = failed && (number == 3 || number == 7);
    PartitionRow {
        key: format!("sales:{number}"),
        topic: "sales".to_owned(),
        partition: number.to_string(),
        committed: "1,534,221".to_owned(),
        end: "1,534,288".to_owned(),
        lag: if stopped { "104,233" } else { "67" }.to_owned(),
        lag_part: if stopped { 100 } else { 4 },
        pending: if stopped { "0" } else { "1" }.to_owned(),
        stopped: stopped.then(|| "schema-mismatch".to_owned()),
        owner: "sink-7d9f-4711-ab12cd".to_owned(),
    }
}

fn instance(place: u32, health: Health) -> InstanceRow {
    InstanceRow {
        instance: format!("sink-7d9f-{place}-ab12cd"),
        health,
        version: "7".to_owned(),
        current: place == 0,
        partitions: "4".to_owned(),
        rows: "512".to_owned(),
        bytes: "48.1 KiB".to_owned(),
        retrying: (place == 1)
            .then(|| "insert: code 252, too many parts, attempt 4, next in 3 s".to_owned()),
        seen: "1 s ago".to_owned(),
    }
}

fn fresh() -> PipelinePage {
    PipelinePage {
        frame: viewer("sales", Section::Pipelines),
        head: head(Tab::Status, Health::NoSink),
        trouble: Vec::new(),
        tiles: tiles(),
        guarantee: None,
        partitions: Vec::new(),
        partitions_left_out: None,
        instances: Vec::new(),
        skipped: Vec::new(),
        errors: Vec::new(),
        belongings: belongings(),
    }
}

fn belongings() -> Belongings {
    Belongings {
        group: "penstock.sales".to_owned(),
        letters: "penstock.dead-letters.sales".to_owned(),
        replays: "penstock.replay.sales".to_owned(),
    }
}
