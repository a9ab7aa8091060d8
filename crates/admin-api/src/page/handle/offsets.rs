//! A wish where a pipeline shall go on in, what it would mean or that it is done out.

use std::collections::BTreeMap;

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use pipeline_spec::State as Wanted;
use service::problem::{FieldError, Problem};

use super::pipelines::condition;
use crate::{
    auth::Identity,
    offsets::{PartitionPlan, Plan, Way},
    page::{
        answer::{frame, html, html_with, notice, see_other, told},
        fields::{Asked, Fields, Sent, address},
        fill::{self, one::live},
        view::{
            frame::Section,
            number,
            offsets::{Choice, OffsetsPage, PreviewRow},
            pipeline::Tab,
        },
    },
    problem,
    rest::{
        offsets::{self, ResetQuery},
        pipelines::{self, Overall},
    },
    state::App,
};

type Who = Extension<Identity>;

/// `GET /pipelines/{name}/offsets`. A link may choose the way.
pub(in crate::page) async fn show(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    let mut page = page(&app, &who, &name, &fields)?;
    page.frame.notice = told(&fields);
    html(&page)
}

/// `POST /pipelines/{name}/offsets`: looks first, or does it.
pub(in crate::page) async fn set(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    let dry_run = fields.text("do") != "reset";
    let query = ResetQuery { dry_run, delete_rows: fields.ticked("delete_rows") };
    let answer = match way(&fields) {
        Ok(way) => offsets::reset(&app, &who, &name, &way, &condition(&fields), query).await,
        Err(problem) => Err(problem),
    };
    // Only now: the wait may have been long.
    let mut page = page(&app, &who, &name, &fields)?;
    match answer {
        Ok(answer) if dry_run => {
            page.preview = answer.plan.partitions.iter().map(preview).collect();
            page.remarks = remarks(&answer.plan);
            html(&page)
        }
        Ok(_) => {
            let path = format!("/pipelines/{name}/offsets");
            Ok(see_other(&address(&path, &[("done", "reset")])))
        }
        Err(problem) => {
            page.frame.notice = Some(notice(&problem));
            html_with(problem.status(), &page)
        }
    }
}

fn page(app: &App, who: &Identity, name: &str, fields: &Fields) -> Result<OffsetsPage, Problem> {
    let stored = pipelines::get(app, name)?;
    let status = pipelines::status(app, name)?;
    let running = stored.spec.state != Wanted::Paused && status.state != Overall::Failed;
    let blocked = if status.state == Overall::NoSink {
        Some(
            "No sink runs this pipeline, and only the owner of a partition sets its offset. Start \
             a sink. You can see already what it would mean.",
        )
    } else {
        running
            .then_some("The pipeline runs. Pause it first. You can see already what it would mean.")
    };
    let waiting = stored.reset.as_ref().map(|reset| {
        let partitions = number::count(u64::try_from(reset.offsets.len()).unwrap_or(u64::MAX));
        format!("Offsets of {partitions} partitions wait to be set by their owners.")
    });
    let (partitions, _) = fill::one::partitions(&status);
    Ok(OffsetsPage {
        frame: live(frame(Some(who), name, Section::Pipelines), &status, Tab::Offsets),
        head: fill::one::head(&stored, &status, Tab::Offsets),
        partitions,
        blocked: blocked.map(str::to_owned),
        waiting,
        preview: Vec::new(),
        remarks: Vec::new(),
        choice: Choice {
            to: fields.text("to").to_owned(),
            timestamp: fields.text("timestamp").to_owned(),
            explicit: fields.raw("explicit").to_owned(),
            group: fields.text("group").to_owned(),
            delete_rows: fields.ticked("delete_rows"),
        },
    })
}

/// The way that was chosen, with what belongs to it.
fn way(fields: &Fields) -> Result<Way, Problem> {
    let wrong = |pointer: &str, message: &str| {
        let error = FieldError { pointer: pointer.to_owned(), message: message.to_owned() };
        problem::bad_request("the form lacks something").errors([error])
    };
    Ok(match fields.text("to") {
        "earliest" => Way::Earliest,
        "latest" => Way::Latest,
        "table" => Way::Table,
        "mirror" => Way::Mirror,
        "timestamp" => {
            let at_ms = number::parse_moment(fields.text("timestamp"));
            Way::Timestamp {
                at_ms: at_ms.ok_or_else(|| wrong("/timestamp", "a moment in UTC is missing"))?,
            }
        }
        "group" => match fields.text("group") {
            "" => return Err(wrong("/group", "the name of a group is missing")),
            group => Way::Group { group: group.to_owned() },
        },
        "explicit" => Way::Explicit {
            offsets: explicit(fields.raw("explicit"))
                .map_err(|line| wrong("/explicit", &format!("line {line} is not `topic 0 123`")))?,
        },
        _ => return Err(wrong("/to", "choose where to go on")),
    })
}

/// Topic, partition and offset of each line; the number of the first line that is none.
fn explicit(text: &str) -> Result<BTreeMap<String, i64>, usize> {
    let mut offsets = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [topic, partition, offset] = words.as_slice() else {
            if words.is_empty() {
                continue;
            }
            return Err(number + 1);
        };
        let (Ok(partition), Ok(offset)) = (partition.parse::<i32>(), offset.parse::<i64>()) else {
            return Err(number + 1);
        };
        offsets.insert(format!("{topic}/{partition}"), offset);
    }
    if offsets.is_empty() { Err(1) } else { Ok(offsets) }
}

fn preview(one: &PartitionPlan) -> PreviewRow {
    let offset = |offset: i64| number::count(u64::try_from(offset).unwrap_or(0));
    let mut effects = Vec::new();
    if one.come_again > 0 {
        effects.push(format!("up to {} records come again", number::count(one.come_again)));
    }
    if one.skipped > 0 {
        effects.push(format!("up to {} records are skipped", number::count(one.skipped)));
    }
    if let Some(rows) = one.rows_to_delete.filter(|rows| *rows > 0) {
        effects.push(format!("{} rows would be there twice", number::count(rows)));
    }
    if let Some(asked) = one.asked {
        effects.push(format!("{asked} was asked for, which Kafka does not have"));
    }
    if let Some(gone) = one.below_low.filter(|gone| gone.without_trace > 0) {
        effects.push(format!(
            "{} of {} to {} left no trace and are gone from Kafka",
            number::count(gone.without_trace),
            offset(gone.first),
            offset(gone.last)
        ));
    }
    PreviewRow {
        partition: format!("{}:{}", one.topic, one.partition),
        from: one.committed.map_or_else(|| number::NOTHING.to_owned(), offset),
        to: offset(one.offset),
        effect: if effects.is_empty() { "stays".to_owned() } else { effects.join("; ") },
    }
}

fn remarks(plan: &Plan) -> Vec<String> {
    let sum = format!(
        "In all, up to {} records come again and up to {} are skipped.",
        number::count(plan.come_again),
        number::count(plan.skipped)
    );
    let alone = plan.left_alone.iter();
    let alone =
        alone.map(|one| format!("{}:{} is left alone: {}", one.topic, one.partition, one.why));
    std::iter::once(sum).chain(plan.warnings.iter().cloned()).chain(alone).collect()
}

#[cfg(test)]
mod tests;
