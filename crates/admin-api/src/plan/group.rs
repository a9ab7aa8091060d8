//! A pipeline's consumer group in, what it has committed already out.

use std::collections::BTreeMap;

use pipeline_spec::{Pipeline, Start};

use super::{GroupPlan, Plan, source::Topic};
use crate::state::App;

/// Looks at what the group has committed of these topics. `new`: there is no such pipeline yet.
pub(super) async fn look(app: &App, spec: &Pipeline, new: bool, topics: &[Topic], plan: &mut Plan) {
    let name = spec.group(&app.config().namespace);
    plan.group = GroupPlan { name: name.clone(), ..GroupPlan::default() };
    let of_topic = |topic: &Topic| {
        let name = topic.name.clone();
        topic.spans.iter().map(move |span| (name.clone(), span.partition)).collect::<Vec<_>>()
    };
    let partitions: Vec<(String, i32)> = topics.iter().flat_map(of_topic).collect();
    if partitions.is_empty() {
        return;
    }
    let committed = match app.kafka().committed(&name, partitions).await {
        Ok(committed) => committed,
        Err(problem) => {
            let why = problem.detail_text().unwrap_or("no answer");
            plan.unknown("/source/group", format!("its offsets could not be read: {why}"));
            return;
        }
    };
    plan.group.committed_partitions = committed.len();
    let lags = topics.iter().flat_map(|topic| {
        let committed = &committed;
        topic.spans.iter().filter_map(move |span| {
            let offset = committed.get(&(topic.name.clone(), span.partition))?;
            Some(span.high.saturating_sub(*offset).max(0))
        })
    });
    plan.group.lag = lags.reduce(i64::saturating_add);
    if new && !committed.is_empty() {
        plan.group.wants = Some("offsets=resume or offsets=restart".to_owned());
        let again = again(spec, topics, &committed);
        plan.warning(
            "/source/group",
            format!(
                "the consumer group {name} has offsets of {} partitions already: say in the query \
                 what to do with them, offsets=resume to go on there, or offsets=restart to begin \
                 at source.start{again}; rows of records that come again are in the table twice \
                 then, unless they are deleted",
                committed.len()
            ),
        );
    } else if new && has_rows(app, spec).await {
        plan.warning(
            "/source/group",
            format!(
                "the table holds rows of these topics, and the consumer group {name} has no \
                 offsets: sinks will stop with offsets-lost, unless the query says \
                 offsets=restart, which reads from source.start, those records once more"
            ),
        );
    }
}

/// How many records a new beginning reads again, where that can be told.
fn again(spec: &Pipeline, topics: &[Topic], committed: &BTreeMap<(String, i32), i64>) -> String {
    if spec.source.start != Start::Earliest {
        return String::new();
    }
    let read = topics.iter().flat_map(|topic| {
        topic.spans.iter().filter_map(move |span| {
            let offset = committed.get(&(topic.name.clone(), span.partition))?;
            Some(offset.min(&span.high).saturating_sub(span.low).max(0))
        })
    });
    format!(" ({} records come again)", read.fold(0, i64::saturating_add))
}

/// Whether the table holds rows of the topics, as far as can be found out.
async fn has_rows(app: &App, spec: &Pipeline) -> bool {
    let (database, table) = (&spec.target.database, &spec.target.table);
    for topic in &spec.source.topics {
        let latest = app.target().latest_rows(database, table, topic).await;
        if latest.is_ok_and(|latest| !latest.is_empty()) {
            return true;
        }
    }
    false
}
