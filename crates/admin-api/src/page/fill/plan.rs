//! A plan in, the part of a page that shows it out.

use serde_json::Value;

use super::list::whole;
use crate::{
    page::view::{
        frame::Tone,
        number,
        pipeline::Guarantee,
        plan::{Column, PlanView, Problem, Rows},
    },
    plan::{Plan, RowPlan},
};

/// Longest value that is shown, in characters.
const VALUE_MAX: usize = 500;

/// The plan, ready to print.
pub(in crate::page) fn view(plan: &Plan) -> PlanView {
    let of =
        |severity: &'static str| plan.findings.iter().filter(move |one| one.severity == severity);
    let noted = |tone, one: &crate::plan::Note| match one.pointer.as_str() {
        "" => (tone, one.message.clone()),
        pointer => (tone, format!("{pointer}: {}", one.message)),
    };
    let mut notes: Vec<(Tone, String)> = of("warning").map(|one| noted(Tone::Warn, one)).collect();
    notes.extend(of("unknown").map(|one| noted(Tone::Plain, one)));
    if !plan.table.defaulted.is_empty() {
        let text =
            format!("The server fills by their DEFAULT: {}.", plan.table.defaulted.join(", "));
        notes.push((Tone::Plain, text));
    }
    let problems = of("error")
        .map(|one| Problem { pointer: one.pointer.clone(), message: one.message.clone() });
    let why = "no column has this name".to_owned();
    PlanView {
        verdict: verdict(plan),
        ready: plan.runnable,
        problems: problems.collect(),
        ddl: (!plan.table.statements.is_empty()).then(|| plan.table.statements.join(";\n\n")),
        columns: plan.table.columns.iter().map(column).collect(),
        dropped: plan.table.dropped.iter().map(|field| (field.clone(), why.clone())).collect(),
        guarantee: plan.guarantee.as_ref().map(|found| Guarantee {
            strong: found.delivery == "exactly-once",
            delivery: found.delivery.clone(),
            findings: found
                .findings
                .iter()
                .map(|finding| format!("{}: {}", finding.subject, finding.detail))
                .collect(),
        }),
        rights: plan.rights.iter().map(right).collect(),
        left_offsets: left_offsets(plan),
        rows: rows(plan),
        notes,
    }
}

fn verdict(plan: &Plan) -> String {
    let table = format!("{}.{}", plan.table.database, plan.table.table);
    if !plan.runnable {
        return "Mend what is named below. Nothing was changed.".to_owned();
    }
    match (plan.change.as_str(), plan.table.exists) {
        ("none", _) => format!("This is what is stored: records land in {table}."),
        ("change", _) => "The change takes effect once what is in flight has landed.".to_owned(),
        (_, Some(false)) => format!("The table {table} is created, then records land in it."),
        _ => format!("Records land in {table}."),
    }
}

fn column(one: &crate::plan::ColumnPlan) -> Column {
    Column {
        column: one.column.clone(),
        column_type: one.column_type.clone(),
        field: match one.source.as_str() {
            "field" => format!("field {}", one.column),
            "metadata" => "the record itself".to_owned(),
            "default" => "the type’s default".to_owned(),
            other => other.to_owned(),
        },
        reason: one.reason.clone(),
    }
}

fn right(one: &crate::plan::MissingRight) -> (String, String) {
    let unknown = if one.state == "missing" { "" } else { " (could not be checked)" };
    (format!("{}: {}{unknown}", one.account, one.purpose), one.command.clone())
}

fn left_offsets(plan: &Plan) -> Option<String> {
    let wants = plan.group.wants.as_ref()?;
    let lag = plan.group.lag.and_then(|lag| u64::try_from(lag).ok());
    let behind = lag.map(|lag| format!(", {} records behind the end", number::count(lag)));
    Some(format!(
        "The group {} has offsets in {} partitions{}. {wants}",
        plan.group.name,
        number::count(whole(plan.group.committed_partitions)),
        behind.unwrap_or_default()
    ))
}

fn rows(plan: &Plan) -> Rows {
    let mut columns: Vec<String> = Vec::new();
    // In the table's order; what no column is known for comes last.
    let named = plan.table.columns.iter().map(|column| &column.column);
    for column in named.chain(plan.rows.iter().flat_map(|row| row.values.keys())) {
        if !columns.contains(column) && plan.rows.iter().any(|row| row.values.contains_key(column))
        {
            columns.push(column.clone());
        }
    }
    let line = |row: &RowPlan| {
        let place = format!("{}:{}@{}", row.topic, row.partition, row.offset);
        let values =
            columns.iter().map(|column| row.values.get(column).map_or_else(String::new, text));
        let mut line: Vec<String> = std::iter::once(place).chain(values).collect();
        line.push(row.bad.clone().unwrap_or_default());
        line
    };
    let mut rows: Vec<Vec<String>> = plan.rows.iter().map(line).collect();
    let mut heads = vec!["record".to_owned()];
    heads.extend(columns.iter().cloned());
    if plan.rows.iter().any(|row| row.bad.is_some()) {
        heads.push("why it is no row".to_owned());
    } else {
        for row in &mut rows {
            row.pop();
        }
    }
    Rows { columns: heads, rows, note: plan.rows_withheld.as_deref().map(sentence) }
}

fn sentence(text: &str) -> String {
    format!("{}.", crate::page::answer::upper_first(text))
}

/// A value as text, cut where it is long.
pub(in crate::page) fn text(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => "NULL".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    match text.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests;
