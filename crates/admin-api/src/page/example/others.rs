//! Nothing in, the pages beside those of pipelines out.

use super::{
    HOSTILE,
    drafts::{audit, rows, topics},
    frame, print,
};
use crate::page::view::{
    audit::AuditPage,
    changes::changes,
    connectors::{ConnectorRow, ConnectorsPage},
    frame::{Frame, Notice, Section},
    gate::{self, ErrorPage, LoginPage},
    generator::GeneratorPage,
    health::Health,
    pager::Pager,
    plan::Problem,
    schemas::{SchemaPage, SchemasPage},
    topics::{TopicPage, TopicsPage},
};

pub(super) fn add(pages: &mut Vec<(&'static str, String)>) {
    let list = TopicsPage {
        frame: frame("Topics", Section::Topics),
        text: String::new(),
        pager: Pager::new(1, 50, 4, "topics", |page| format!("?page={page}")),
        rows: topics(),
        trouble: None,
    };
    pages.push(("topics", print(&list)));
    let trouble = Some("kafka does not answer: broker 127.0.0.1:9092 is down".to_owned());
    pages.push(("topics-trouble", print(&TopicsPage { rows: Vec::new(), trouble, ..list })));
    pages.push(("topic", print(&topic())));
    let subject = |name: &str| (name.to_owned(), format!("/schemas/{name}"));
    let subjects = SchemasPage {
        frame: frame("Schemas", Section::Schemas),
        text: String::new(),
        subjects: ["sales-value", "sales-key", "orders-value"].map(subject).to_vec(),
        trouble: None,
        pager: Pager::new(1, 50, 3, "subjects", |page| format!("?page={page}")),
    };
    pages.push(("schemas", print(&subjects)));
    pages.push(("schema", print(&schema(false))));
    pages.push(("schema-changes", print(&schema(true))));
    pages.push(("connectors", print(&connectors(true))));
    pages.push(("connectors-none", print(&connectors(false))));
    for (name, configured, paused) in [
        ("generator", true, false),
        ("generator-paused", true, true),
        ("generator-none", false, false),
    ] {
        let page = GeneratorPage {
            frame: frame("Generator", Section::Generator),
            configured,
            trouble: None,
            rate_per_sec: 1_000,
            rate: "1,000".to_owned(),
            paused,
        };
        pages.push((name, print(&page)));
    }
    let changes = AuditPage {
        frame: frame("Audit", Section::Audit),
        subject: String::new(),
        rows: audit(),
        older: Some("/audit?before=100".to_owned()),
        newest: true,
    };
    pages.push(("audit", print(&changes)));
    gates(pages);
}

fn gates(pages: &mut Vec<(&'static str, String)>) {
    let out = || Frame { person: None, ..frame("Log in", Section::Pipelines) };
    for (name, code, failed) in
        [("login", None, false), ("login-failed", None, true), ("login-link", Some(HOSTILE), false)]
    {
        let page = LoginPage {
            frame: out(),
            next: format!("/?q={HOSTILE}"),
            code: code.map(str::to_owned),
            failed,
        };
        pages.push((name, print(&page)));
    }
    let page = ErrorPage {
        frame: frame("Problem", Section::Pipelines),
        status: 412,
        title: "the pipeline has changed".to_owned(),
        detail: Some(format!("version 8 is there, the form was made from 7 {HOSTILE}")),
        problems: vec![Problem { pointer: "/name".to_owned(), message: "too long".to_owned() }],
        advice: gate::advice(412),
        way: Some(("/pipelines/sales/spec".to_owned(), "Look at it".to_owned())),
    };
    pages.push(("error", print(&page)));
}

fn topic() -> TopicPage {
    let mut row = topics().remove(0);
    row.rate = "–".to_owned();
    let line = |number: u32| {
        let text = |text: &str| text.to_owned();
        (number.to_string(), text("0"), text("191,786"), text("191,786"))
    };
    TopicPage {
        frame: frame("sales", Section::Topics),
        row,
        partitions: (0..8).map(line).collect(),
        subject: Some(("sales-value".to_owned(), "/schemas/sales-value".to_owned())),
        rows: rows(),
    }
}

fn schema(compared: bool) -> SchemaPage {
    let old = "{\n  \"type\": \"record\",\n  \"name\": \"Sale\",\n  \"fields\": [\n    \
               { \"name\": \"id\", \"type\": \"string\" }\n  ]\n}";
    let new = old
        .replace("\"string\" }", "\"string\" },\n    { \"name\": \"note\", \"type\": \"string\" }");
    SchemaPage {
        frame: frame("sales-value", Section::Schemas),
        subject: "sales-value".to_owned(),
        address: "/schemas/sales-value".to_owned(),
        versions: vec![2, 1],
        version: 2,
        facts: vec![("Id".to_owned(), "17".to_owned()), ("Kind".to_owned(), "AVRO".to_owned())],
        changes: if compared { changes(old, &new) } else { Vec::new() },
        schema: new,
        against: compared.then_some(1),
        candidate: HOSTILE.to_owned(),
        checked: compared.then(|| Notice {
            details: vec![format!("field {HOSTILE} has no default")],
            ..Notice::bad("It would be refused: not backward compatible.")
        }),
    }
}

fn connectors(configured: bool) -> ConnectorsPage {
    let row = ConnectorRow {
        name: "pg-orders".to_owned(),
        path: "pg-orders".to_owned(),
        health: Health::Degraded,
        kind: "source".to_owned(),
        class: "io.debezium.connector.postgresql.PostgresConnector".to_owned(),
        tasks: vec![
            ("0".to_owned(), Health::Running, None),
            ("1".to_owned(), Health::Failed, Some(format!("ConnectException {HOSTILE}"))),
        ],
        settings: vec![("database.password".to_owned(), "(masked)".to_owned())],
    };
    ConnectorsPage {
        frame: frame("Connectors", Section::Connectors),
        configured,
        trouble: None,
        rows: vec![row],
        classes: vec!["io.debezium.connector.postgresql.PostgresConnector".to_owned()],
        draft: String::new(),
    }
}
