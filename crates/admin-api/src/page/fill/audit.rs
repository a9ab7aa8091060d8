//! Entries of the history in, rows with what differs out.

use serde_json::Value;

use crate::{
    page::{
        fields::step,
        view::{audit::AuditRow, changes::changes, number},
    },
    rest::{audit::AuditEntry, document},
};

/// Longest text that is compared, in bytes: a document of the largest size twice.
const COMPARED_BYTES_MAX: usize = 128 << 10;

/// One row.
pub(in crate::page) fn row(entry: &AuditEntry, now_ms: i64) -> AuditRow {
    let about_pipeline = entry.what.starts_with("pipeline.");
    AuditRow {
        when: number::moment(entry.at_ms),
        machine_when: number::machine_moment(entry.at_ms),
        ago: number::ago(entry.at_ms, now_ms),
        who: entry.who.clone(),
        what: entry.what.clone(),
        subject: entry.subject.clone(),
        href: about_pipeline.then(|| format!("/pipelines/{}", step(&entry.subject))),
        changes: changes(&text(entry.before.as_ref()), &text(entry.after.as_ref())),
    }
}

/// A value as YAML, which has a line for each field.
fn text(value: Option<&Value>) -> String {
    let Some(value) = value else { return String::new() };
    let mut text = document::yaml(value).unwrap_or_default();
    if text.len() > COMPARED_BYTES_MAX {
        text.truncate(text.floor_char_boundary(COMPARED_BYTES_MAX));
    }
    text
}
