use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::plan::{ColumnPlan, Note, TablePlan};

fn note(severity: &str, pointer: &str) -> Note {
    let (severity, pointer) = (severity.to_owned(), pointer.to_owned());
    Note { severity, pointer, message: "look".to_owned() }
}

fn row(offset: i64, values: Value, bad: Option<&str>) -> RowPlan {
    let values: BTreeMap<String, Value> = serde_json::from_value(values).unwrap();
    RowPlan {
        topic: "sales".to_owned(),
        partition: 0,
        offset,
        timestamp_ms: None,
        values,
        bad: bad.map(str::to_owned),
    }
}

fn plan() -> Plan {
    let column = |name: &str| ColumnPlan {
        column: name.to_owned(),
        column_type: "String".to_owned(),
        source: "field".to_owned(),
        reason: "same name".to_owned(),
    };
    Plan {
        runnable: true,
        change: "create".to_owned(),
        table: TablePlan {
            database: "shop".to_owned(),
            table: "sales".to_owned(),
            exists: Some(false),
            columns: vec![column("id"), column("note"), column("a")],
            ..TablePlan::default()
        },
        findings: vec![note("warning", "/target"), note("error", "/name"), note("unknown", "")],
        ..Plan::default()
    }
}

#[test]
fn findings_go_where_they_belong() {
    let view = view(&plan());
    assert_eq!(view.verdict, "The table shop.sales is created, then records land in it.");
    assert_eq!(view.problems.len(), 1);
    assert_eq!(
        view.notes,
        [(Tone::Warn, "/target: look".to_owned()), (Tone::Plain, "look".to_owned())]
    );
}

#[test]
fn rows_keep_the_order_of_the_table() {
    let rows = vec![row(7, json!({"a": 1, "id": "x", "zz": null}), None)];
    let shown = view(&Plan { rows, ..plan() }).rows;
    assert_eq!(shown.columns, ["record", "id", "a", "zz"]);
    assert_eq!(shown.rows, [["sales:0@7", "x", "1", "NULL"]]);
}

#[test]
fn a_record_that_is_no_row_says_why() {
    let rows = vec![row(7, json!({"id": "x"}), None), row(8, json!({}), Some("bad-utf8"))];
    let shown = view(&Plan { rows, ..plan() }).rows;
    assert_eq!(shown.columns, ["record", "id", "why it is no row"]);
    assert_eq!(shown.rows[1], ["sales:0@8", "", "bad-utf8"]);
}

#[test]
fn a_long_value_is_cut_between_characters() {
    let long = "é".repeat(VALUE_MAX + 1);
    let cut = text(&json!(long));
    assert_eq!(cut.chars().count(), VALUE_MAX + 1);
    assert!(cut.ends_with('…'));
}
