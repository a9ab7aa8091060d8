//! A pipeline and a way in, what a reset would do out. Nothing is changed.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use target::RowRange;
use tokio::{task::spawn_blocking, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    ask::{self, blocking},
    model::{Limits, OffsetsError, PartitionPlan, Plan, Progress, Subject, Way},
    reader::Reader,
    resolve::{Below, Known, Place, Resolved},
    settled,
    table::Search,
};

/// How long the reader may finish by itself before the whole plan is given up.
const GRACE: Duration = Duration::from_secs(15);

/// Says what a reset of the pipeline's offsets would do, and changes nothing.
///
/// `mirrors` are the offsets that the status topic saw last, by topic and partition; only
/// [`Way::Mirror`] reads them. `progress` is called now and then while [`Way::Table`] searches.
/// Explicit offsets that Kafka does not have are refused; other ways take the nearest and say so.
///
/// Between plan and reset records arrive and leave, so numbers may have moved by then; the
/// offsets themselves stay right.
///
/// # Errors
///
/// When the way cannot be gone, or Kafka or ClickHouse do not answer within the limits.
pub async fn plan(
    subject: &Subject<'_>,
    way: &Way,
    mirrors: &BTreeMap<(String, i32), i64>,
    limits: &Limits,
    progress: &(dyn Fn(Progress<'_>) + Send + Sync),
) -> Result<Plan, OffsetsError> {
    // The reader stops when this future is dropped.
    let stop = CancellationToken::new();
    let _stops = stop.clone().drop_guard();
    let deadline = Instant::now() + limits.time_max;
    let planner = Planner { subject, limits, deadline, progress };
    let reader = Arc::new(Reader::new(subject.kafka, subject.namespace, deadline, stop)?);
    let made = timeout(limits.time_max + GRACE, planner.make(&reader, way, mirrors)).await;
    // Closing connections takes a moment in which the runtime has other things to do.
    spawn_blocking(move || drop(reader));
    made.unwrap_or_else(|_| Err(OffsetsError::TimedOut("plan a reset".to_owned())))
}

struct Planner<'a> {
    subject: &'a Subject<'a>,
    limits: &'a Limits,
    deadline: Instant,
    progress: &'a (dyn Fn(Progress<'_>) + Send + Sync),
}

impl Planner<'_> {
    async fn make(
        &self,
        reader: &Arc<Reader>,
        way: &Way,
        mirrors: &BTreeMap<Place, i64>,
    ) -> Result<Plan, OffsetsError> {
        let known = self.known(reader, way.finds_replays()).await?;
        let mut warnings = Vec::new();
        let mut resolved = match way {
            Way::Earliest => known.all(|_, ends| ends.low),
            Way::Latest => known.all(|_, ends| ends.high),
            Way::Timestamp { at_ms } => self.by_time(reader, known, *at_ms).await?,
            Way::Explicit { offsets } => known.explicit(offsets)?,
            Way::Group { group } => self.by_group(reader, &known, group, &mut warnings).await?,
            Way::Mirror => {
                known.known_to(mirrors, Below::Settled, "the status topic has no offset of it")
            }
            Way::Table => self.by_table(reader, &known).await?,
        };
        if resolved.partitions.is_empty() {
            let why = resolved.left_alone.first().map_or("", |left| left.why.as_str());
            let why = format!("no partition would be set: {why}");
            return Err(OffsetsError::refused("/to", why));
        }
        self.count_rows(&mut resolved.partitions, &mut warnings).await?;
        self.warn(&resolved.partitions, &mut warnings).await?;
        Ok(sum(way, resolved, warnings))
    }

    /// What Kafka knows of the pipeline's topics and group; `with_replays` also of its replay topic.
    async fn known(&self, reader: &Arc<Reader>, with_replays: bool) -> Result<Known, OffsetsError> {
        let (topics, group) = (self.subject.pipeline.source.topics.clone(), self.group());
        let replays = with_replays.then(|| self.subject.replays());
        let (client, deadline) = (self.subject.kafka.clone(), self.deadline);
        let reader = reader.clone();
        blocking("look at topics", move || {
            let mut known = Known::default();
            for topic in topics {
                let ends = ask::ends(reader.consumer(), &topic, deadline)?;
                if ends.is_empty() {
                    let message = format!("topic {topic} does not exist");
                    return Err(OffsetsError::refused("/to", message));
                }
                let of = |(partition, ends)| ((topic.clone(), partition), ends);
                known.ends.extend(ends.into_iter().map(of));
            }
            if let Some(topic) = replays {
                // It may not be there, or nothing may have been replayed yet.
                let mut ends = ask::ends(reader.consumer(), &topic, deadline)?;
                ends.retain(|_, ends| ends.high > 0);
                let of = |(partition, ends)| ((topic.clone(), partition), ends);
                known.ends.extend(ends.into_iter().map(of));
            }
            known.committed = ask::committed(&client, &group, &places(&known), deadline)?;
            Ok(known)
        })
        .await
    }

    async fn by_time(
        &self,
        reader: &Arc<Reader>,
        known: Known,
        at_ms: i64,
    ) -> Result<Resolved, OffsetsError> {
        // Below 0 lie the client's words for beginning and end.
        if at_ms < 0 {
            let message = "must not be negative (ms since 1970)";
            return Err(OffsetsError::refused("/at_ms", message));
        }
        let (reader, wanted) = (reader.clone(), places(&known));
        let ask = move || ask::at_time(reader.consumer(), &wanted, at_ms);
        let offsets = blocking("look for offsets by time", ask).await?;
        Ok(known.all(|place, ends| offsets.get(place).copied().unwrap_or(ends.high)))
    }

    async fn by_group(
        &self,
        reader: &Arc<Reader>,
        known: &Known,
        group: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Resolved, OffsetsError> {
        if group.is_empty() || group == self.group() {
            let message = "name another group than the pipeline's own";
            return Err(OffsetsError::refused("/group", message));
        }
        let (client, name) = (self.subject.kafka.clone(), group.to_owned());
        let (reader, wanted, deadline) = (reader.clone(), places(known), self.deadline);
        let (offsets, members) = blocking("look at a group", move || {
            let offsets = ask::committed(&client, &name, &wanted, deadline)?;
            Ok((offsets, ask::members(reader.consumer(), &name)?))
        })
        .await?;
        if offsets.is_empty() {
            let message = format!("group {group} has committed nothing in the pipeline's topics");
            return Err(OffsetsError::refused("/group", message));
        }
        if members > 0 {
            warnings.push(format!(
                "group {group} has {members} members and goes on: stop it before, or records \
                 that it still writes come twice"
            ));
        }
        let why_not = format!("group {group} has committed nothing there");
        Ok(known.known_to(&offsets, Below::Settled, &why_not))
    }

    async fn by_table(
        &self,
        reader: &Arc<Reader>,
        known: &Known,
    ) -> Result<Resolved, OffsetsError> {
        let pipeline = self.subject.pipeline;
        let letters = pipeline.dead_letter_topic(self.subject.namespace);
        let letters_max = self.limits.letters_max;
        let topics = [&pipeline.source.topics[..], &[self.subject.replays()]].concat();
        let (its_reader, deadline) = (reader.clone(), self.deadline);
        let settled = blocking("read dead letters", move || {
            settled::read(&its_reader, &letters, &topics, letters_max, deadline)
        })
        .await?;
        let (settled, reader) = (Arc::new(settled), reader.clone());
        let search = Search { subject: self.subject, reader, settled, progress: self.progress };
        let mut offsets = BTreeMap::new();
        let mut below = BTreeMap::new();
        for (place, ends) in &known.ends {
            offsets.insert(place.clone(), search.first_missing(place, *ends).await?);
            below.insert(place.clone(), search.below_low(place, ends.low).await?);
        }
        let mut resolved = known.known_to(&offsets, Below::Settled, "");
        for plan in &mut resolved.partitions {
            plan.below_low = below.remove(&(plan.topic.clone(), plan.partition)).flatten();
        }
        Ok(resolved)
    }

    async fn count_rows(
        &self,
        plans: &mut [PartitionPlan],
        warnings: &mut Vec<String>,
    ) -> Result<(), OffsetsError> {
        let Subject { pipeline, .. } = self.subject;
        let (database, table) = (&pipeline.target.database, &pipeline.target.table);
        for plan in plans {
            let PartitionPlan { topic, partition, offset: first, .. } = &*plan;
            let (partition, first, last) = (*partition, *first, i64::MAX);
            let range = RowRange { database, table, topic, partition, first, last };
            plan.rows_to_delete = match self.subject.rows_in(&range).await {
                Ok(rows) => rows,
                // A plan is worth more without the number than none at all.
                Err(error) => {
                    warnings.push(format!("rows were not counted: {error}"));
                    return Ok(());
                }
            };
        }
        Ok(())
    }

    async fn warn(
        &self,
        plans: &[PartitionPlan],
        warnings: &mut Vec<String>,
    ) -> Result<(), OffsetsError> {
        if plans.iter().all(|plan| plan.rows_to_delete == Some(0)) {
            return Ok(());
        }
        let Subject { pipeline, target, .. } = self.subject;
        let wanted = &pipeline.target;
        let Ok(found) = target.inspect(&wanted.database, &wanted.table).await else {
            return Ok(()); // counting has told
        };
        let views: Vec<String> = found
            .iter()
            .flat_map(|found| &found.views)
            .map(|view| format!("{}.{}", view.database, view.name))
            .collect();
        if !views.is_empty() {
            warnings.push(format!(
                "what these views have made of the rows stays when rows are deleted, and comes \
                 again when records are read again: {}",
                views.join(", ")
            ));
        }
        Ok(())
    }

    fn group(&self) -> String {
        self.subject.pipeline.group(self.subject.namespace)
    }
}

fn places(known: &Known) -> Vec<Place> {
    known.ends.keys().cloned().collect()
}

fn sum(way: &Way, resolved: Resolved, warnings: Vec<String>) -> Plan {
    let Resolved { partitions, left_alone } = resolved;
    Plan {
        to: way.word().to_owned(),
        come_again: partitions.iter().map(|plan| plan.come_again).sum(),
        skipped: partitions.iter().map(|plan| plan.skipped).sum(),
        rows_to_delete: partitions.iter().map(|plan| plan.rows_to_delete).sum(),
        partitions,
        left_alone,
        warnings,
    }
}
