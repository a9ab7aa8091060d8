//! What sinks report and what was copied of commits in, whether rows and copied offsets are of the
//! topics that are there out.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use deliver::{Metadata, Offset};
use pipeline_spec::{
    status::{InstanceStatus, Mirror},
    store::Stored,
};
use service::problem::{FieldError, Problem};

use crate::{rest::pipelines, state::App};

/// Refuses where a topic was deleted and created again since offsets of it were committed: what the
/// table holds and what was copied is of the earlier one then. Answers with the topics of which that
/// cannot be told.
pub(super) fn check(app: &App, stored: &Stored) -> Result<Vec<String>, Problem> {
    let statuses = app.status();
    let name = &stored.spec.name;
    let now = ids(pipelines::instances_of(&statuses, name).into_iter());
    let mirrors = statuses.mirrors.iter().filter(|((of, ..), _)| of == name);
    let before = before(mirrors.map(|(_, mirror)| &**mirror));
    let mut unsure = Vec::new();
    for topic in &stored.spec.source.topics {
        match (before.get(topic.as_str()), now.get(topic.as_str())) {
            (Some(before), Some(now)) if before != now => return Err(another(topic)),
            (Some(_), Some(_)) => {}
            (None, _) | (_, None) => unsure.push(format!(
                "whether {topic} is the topic that rows and copied offsets are of, and not another \
                 one created under its name since, could not be found out"
            )),
        }
    }
    Ok(unsure)
}

/// Which topics there are, as their owners say.
fn ids<'a>(instances: impl Iterator<Item = &'a InstanceStatus>) -> BTreeMap<&'a str, &'a str> {
    let partitions = instances.flat_map(|one| &one.partitions);
    partitions.filter_map(|one| Some((one.topic.as_str(), one.topic_id.as_deref()?))).collect()
}

/// Which topics there were when offsets were committed.
fn before<'a>(mirrors: impl Iterator<Item = &'a Mirror>) -> BTreeMap<&'a str, String> {
    let of = |mirror: &'a Mirror| {
        let offset = Offset::new(mirror.offset).ok()?;
        let metadata = Metadata::parse(&mirror.metadata, offset).ok()??;
        Some((mirror.topic.as_str(), metadata.lineage.topic?.to_string()))
    };
    mirrors.filter_map(of).collect()
}

fn another(topic: &str) -> Problem {
    let message = format!(
        "{topic} was deleted and created again: the rows in the table and the copied offsets are of \
         the earlier topic, and say nothing about the records of this one. Reset to earliest; with \
         delete_rows the rows of the earlier topic go, without it they stay"
    );
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the offsets cannot be set so")
        .errors([FieldError { pointer: "/to".to_owned(), message }])
}

#[cfg(test)]
mod tests;
