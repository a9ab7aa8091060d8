//! Nothing in, the pages about documents and plans out.

use super::{HOSTILE, frame, pipelines::head, print, viewer};
use crate::page::view::{
    audit::AuditRow,
    changes::changes,
    draft::{ChoosePage, DraftPage, PlanPage, Sketch, SpecPage},
    frame::{Section, Tone},
    health::Health,
    number,
    pager::Pager,
    pipeline::{Guarantee, Tab},
    plan::{Column, PlanView, Problem, Rows},
    topics::TopicRow,
};

const DOCUMENT: &str = "name: sales\nlabels: {team: retail}\nsource:\n  topics: [sales]\n\
    target:\n  database: shop\n  table: sales\n  order_by: [store_id, ts]\nstate: running\n";

pub(super) fn add(pages: &mut Vec<(&'static str, String)>) {
    pages.push(("choose", print(&choose(topics()))));
    pages.push(("choose-empty", print(&choose(Vec::new()))));
    pages.push(("draft", print(&draft(None))));
    pages.push(("draft-plan", print(&draft(Some(plan(true))))));
    pages.push(("draft-refused", print(&draft(Some(plan(false))))));
    pages.push(("spec", print(&spec(false))));
    pages.push(("spec-plan", print(&spec(true))));
    let looked = SpecPage { frame: viewer("sales", Section::Pipelines), ..spec(false) };
    pages.push(("spec-viewer", print(&looked)));
    let page = PlanPage {
        frame: frame("sales", Section::Pipelines),
        head: head(Tab::Plan, Health::Running),
        plan: plan(true),
    };
    pages.push(("plan", print(&page)));
}

pub(super) fn topics() -> Vec<TopicRow> {
    let names = ["sales", "orders", "clicks-eu", "warehouse.public.return_events_with_a_long_name"];
    let row = |name: &str| TopicRow {
        name: name.to_owned(),
        path: name.to_owned(),
        partitions: "8".to_owned(),
        records: "1,534,288".to_owned(),
        rate: "1,024".to_owned(),
        pipelines: if name == "sales" { vec!["sales".to_owned()] } else { Vec::new() },
    };
    names.into_iter().map(row).collect()
}

fn choose(topics: Vec<TopicRow>) -> ChoosePage {
    ChoosePage {
        frame: frame("New pipeline", Section::Pipelines),
        text: String::new(),
        pager: Pager::new(1, 50, topics.len(), "topics", |page| format!("/new?page={page}")),
        topics,
        trouble: None,
    }
}

pub(super) fn rows() -> Rows {
    let texts = |row: &[&str]| row.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Rows {
        columns: texts(&["_partition", "_offset", "id", "ts", "store_id", "price", "note"]),
        rows: vec![
            texts(&[
                "0",
                "0",
                "0b9a1d52-9f0e-4c55-8c1f-0a4be2f0b2aa",
                "2026-11-21 15:37:02.114",
                "17",
                "19.99",
                HOSTILE,
            ]),
            texts(&[
                "0",
                "1",
                "a77e2c1b-51f0-4b6e-9e43-d2f9f8a0c1de",
                "2026-11-21 15:37:02.115",
                "3",
                "4.50",
                "",
            ]),
        ],
        note: Some("The first 2 of partition 0.".to_owned()),
    }
}

fn plan(ready: bool) -> PlanView {
    let column = |name: &str, column_type: &str, field: &str, reason: &str| Column {
        column: name.to_owned(),
        column_type: column_type.to_owned(),
        field: field.to_owned(),
        reason: reason.to_owned(),
    };
    PlanView {
        verdict: if ready {
            "The table shop.sales is created, then records land in it from the earliest on."
        } else {
            "Mend what is named below; nothing was created."
        }
        .to_owned(),
        ready,
        problems: if ready {
            Vec::new()
        } else {
            vec![Problem {
                pointer: "/target/order_by/0".to_owned(),
                message: format!("no column {HOSTILE}; there are id, ts, store_id, price"),
            }]
        },
        ddl: Some(
            "CREATE TABLE shop.sales\n(\n    id UUID,\n    ts DateTime64(3),\n    \
             store_id UInt32,\n    price Decimal(18, 4)\n)\nENGINE = MergeTree\n\
             ORDER BY (store_id, ts)\nSETTINGS non_replicated_deduplication_window = 100000"
                .to_owned(),
        ),
        columns: vec![
            column("id", "UUID", "id", "string with logicalType uuid"),
            column("ts", "DateTime64(3)", "ts", "long with logicalType timestamp-millis"),
            column("price", "Decimal(18, 4)", "price", "bytes, decimal of 18 digits"),
            column("_offset", "UInt64", "the record", "filled by penstock"),
        ],
        dropped: vec![("debug_blob".to_owned(), "no column has this name".to_owned())],
        guarantee: Some(Guarantee {
            delivery: "exactly-once".to_owned(),
            strong: true,
            findings: vec!["the table remembers the last 100,000 inserts".to_owned()],
        }),
        rights: if ready {
            Vec::new()
        } else {
            vec![(
                "The account schema may not create tables in shop.".to_owned(),
                "GRANT CREATE TABLE ON shop.* TO schema".to_owned(),
            )]
        },
        left_offsets: ready.then(|| "The group stands at 1,534,221 of 1,534,288.".to_owned()),
        rows: rows(),
        notes: vec![(Tone::Warn, "order_by holds a column that can be NULL".to_owned())],
    }
}

fn draft(plan: Option<PlanView>) -> DraftPage {
    DraftPage {
        frame: frame("New pipeline", Section::Pipelines),
        step: if plan.is_some() { 3 } else { 2 },
        sketch: plan.is_none().then(|| Sketch {
            topic: "sales".to_owned(),
            records: "1,534,288".to_owned(),
            partitions: "8".to_owned(),
            subject: Some(("sales-value, version 2".to_owned(), "/schemas/sales-value".to_owned())),
            schema: Some("{\n  \"type\": \"record\",\n  \"name\": \"Sale\"\n}".to_owned()),
            schema_note: None,
            rows: rows(),
        }),
        document: DOCUMENT.to_owned(),
        problems: Vec::new(),
        plan,
        planned: String::new(),
    }
}

pub(super) fn audit() -> Vec<AuditRow> {
    let row = |what: &str, before: &str, after: &str| AuditRow {
        when: number::moment(1_795_275_422_000),
        machine_when: number::machine_moment(1_795_275_422_000),
        ago: "3 h ago".to_owned(),
        who: "laptop".to_owned(),
        what: what.to_owned(),
        subject: "sales".to_owned(),
        href: Some("/pipelines/sales".to_owned()),
        changes: changes(before, after),
    };
    vec![
        row("pipeline.update", "name: sales\nworkers: 1", "name: sales\nworkers: 2"),
        row("pipeline.pause", "state: running", "state: paused"),
        row("pipeline.create", "", HOSTILE),
    ]
}

fn spec(edited: bool) -> SpecPage {
    let new = DOCUMENT.replace("ts]", "ts, id]");
    SpecPage {
        frame: frame("sales", Section::Pipelines),
        head: head(Tab::Spec, Health::Running),
        changes: if edited { changes(DOCUMENT, &new) } else { Vec::new() },
        document: if edited { new } else { DOCUMENT.to_owned() },
        version: "7".to_owned(),
        problems: Vec::new(),
        plan: edited.then(|| plan(true)),
        planned: String::new(),
        history: audit(),
    }
}
