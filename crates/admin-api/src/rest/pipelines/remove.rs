//! A wish to remove a pipeline in, what goes with it and the change in the store out.

use pipeline_spec::store::{Purge, Stored};
use serde::{Deserialize, Serialize};
use service::problem::Problem;
use utoipa::{IntoParams, ToSchema};

use super::{
    Condition, Written, get,
    write::{change, next},
};
use crate::{auth::Identity, chores, dead_letters, problem, state::App};

/// What is asked of a removal.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct DeleteQuery {
    /// Answer with what would go and what would stay, and change nothing.
    pub dry_run: bool,
    /// What goes with it, with a comma between: `offsets`, its consumer group and the copies of its
    /// offsets; `dead-letters`, their topic and the one they are replayed from. Empty for nothing,
    /// also where a removal under way was asked for more.
    pub purge: Option<String>,
}

/// What a removal takes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RemovalPlan {
    /// The pipeline.
    pub name: String,
    /// What is deleted once it has drained, for good.
    pub goes: Vec<Belonging>,
    /// What stays.
    pub stays: Vec<Belonging>,
}

/// Something of a pipeline outside of its document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Belonging {
    /// `consumer-group`, `topic` or `table`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub detail: String,
}

/// Lets a pipeline drain; once no sink runs it any more it is removed, and what is wished with it.
/// The table stays.
///
/// # Errors
///
/// 404 where there is none, 412 where `condition` does not hold, 409 where what goes with it is
/// just being deleted and something else is wished.
pub async fn delete(
    app: &App,
    who: &Identity,
    name: &str,
    condition: &Condition,
    purge: Option<Purge>,
) -> Result<Written, Problem> {
    change(app, who, name, "pipeline.delete", condition, |current, now| {
        let purge = purge.unwrap_or(current.purge);
        if current.deleting && current.purge == purge {
            return Ok(None);
        }
        if current.deleting && chores::is_claimed(current, now) {
            return Err(problem::conflict(
                "what goes with it is just being deleted: ask again in half a minute",
            ));
        }
        Ok(Some(next(current, who, now, |stored| {
            (stored.deleting, stored.purge) = (true, purge);
        })))
    })
    .await
}

/// What a removal would take with it.
///
/// # Errors
///
/// 404 where there is no such pipeline, 502 when Kafka does not answer.
pub async fn removal_plan(
    app: &App,
    name: &str,
    purge: Option<Purge>,
) -> Result<RemovalPlan, Problem> {
    let stored = get(app, name)?;
    let purge = purge.unwrap_or(stored.purge);
    let mut plan = RemovalPlan { name: name.to_owned(), goes: Vec::new(), stays: Vec::new() };
    let group = group(app, &stored).await?;
    plan.list(purge.offsets).push(group);
    let namespace = &app.config().namespace;
    let topics =
        [dead_letters::topic(namespace, name), dead_letters::replay_topic(namespace, name)];
    let known = app.kafka().topics().await?;
    for topic in topics {
        let Some(partitions) = known.get(&topic) else { continue };
        let spans = app.kafka().spans(&topic, partitions).await?;
        let records: i64 = spans.iter().map(|span| span.high.saturating_sub(span.low)).sum();
        let detail = format!("{records} records");
        plan.list(purge.dead_letters).push(Belonging {
            kind: "topic".to_owned(),
            name: topic,
            detail,
        });
    }
    let target = &stored.spec.target;
    plan.stays.push(Belonging {
        kind: "table".to_owned(),
        name: format!("{}.{}", target.database, target.table),
        detail: "with all its rows".to_owned(),
    });
    Ok(plan)
}

async fn group(app: &App, stored: &Stored) -> Result<Belonging, Problem> {
    let (spec, statuses) = (&stored.spec, app.status());
    let name = spec.group(&app.config().namespace);
    let known = app.kafka().topics().await?;
    let of_topic = |topic: &String| {
        let partitions = known.get(topic).map(Vec::as_slice).unwrap_or_default();
        let of_topic = partitions.iter().map(|partition| (topic.clone(), *partition));
        of_topic.collect::<Vec<_>>()
    };
    let partitions: Vec<_> = spec.source.topics.iter().flat_map(of_topic).collect();
    let committed = match partitions.is_empty() {
        true => 0,
        false => app.kafka().committed(&name, partitions).await?.len(),
    };
    let copies = statuses.mirrors.keys().filter(|(of, ..)| *of == spec.name).count();
    let own = match spec.source.group {
        None => String::new(),
        Some(_) => "; whatever other programs have committed in it is part of it".to_owned(),
    };
    let detail = format!(
        "offsets of {committed} partitions, and {copies} copies of them in the status topic{own}"
    );
    Ok(Belonging { kind: "consumer-group".to_owned(), name, detail })
}

impl RemovalPlan {
    fn list(&mut self, goes: bool) -> &mut Vec<Belonging> {
        if goes { &mut self.goes } else { &mut self.stays }
    }
}

impl DeleteQuery {
    /// What is wished to go; none where nothing is said about it.
    ///
    /// # Errors
    ///
    /// 400 for a word that is none of those there are.
    pub fn purge(&self) -> Result<Option<Purge>, Problem> {
        let Some(words) = &self.purge else { return Ok(None) };
        let mut purge = Purge::default();
        for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "offsets" => purge.offsets = true,
                "dead-letters" => purge.dead_letters = true,
                _ => {
                    return Err(problem::bad_request(
                        "purge: name offsets, dead-letters, or both with a comma between",
                    ));
                }
            }
        }
        Ok(Some(purge))
    }
}
