//! A pipeline's consumer group in, what it has committed already out.

use pipeline_spec::Pipeline;

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
        plan.group.wants = Some("offsets=resume".to_owned());
        plan.warning(
            "/source/group",
            format!(
                "the consumer group {name} has offsets of {} partitions already: say in the query \
                 what to do with them, offsets=resume",
                committed.len()
            ),
        );
    }
}
