//! Topics of a pipeline in, what they hold and the schemas of their records out.

use pipeline_spec::{Pipeline, similar};
use registry_client::{Disposition, RegistryError, SchemaKind};
use schema_map::Schema;

use super::{Plan, TopicPlan};
use crate::{
    kafka::look::{Sample, Span},
    state::App,
};

/// A topic that is there.
#[derive(Clone, Debug)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) spans: Vec<Span>,
}

/// A schema that records of a topic have.
#[derive(Debug)]
pub(super) struct TopicSchema {
    pub(super) topic: String,
    pub(super) id: u32,
    pub(super) schema: Schema,
}

/// Looks at the topics themselves.
pub(super) async fn look(app: &App, spec: &Pipeline, plan: &mut Plan) -> Vec<Topic> {
    plan.topics = spec
        .source
        .topics
        .iter()
        .map(|topic| TopicPlan { topic: topic.clone(), ..TopicPlan::default() })
        .collect();
    let known = match app.kafka().topics().await {
        Ok(known) => known,
        Err(problem) => {
            let why = problem.detail_text().unwrap_or("no answer");
            plan.unknown("/source/topics", format!("kafka could not be asked: {why}"));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for (index, name) in spec.source.topics.iter().enumerate() {
        let pointer = format!("/source/topics/{index}");
        let Some(partitions) = known.get(name).filter(|partitions| !partitions.is_empty()) else {
            let hint = similar(name, known.keys().map(String::as_str));
            let hint = match hint {
                Some(other) => format!("; there is {other}"),
                None => ", or none that this service's account at Kafka may see".to_owned(),
            };
            plan.error(&pointer, format!("there is no topic {name}{hint}"));
            continue;
        };
        match app.kafka().spans(name, partitions).await {
            Ok(spans) => {
                if let Some(shown) = plan.topics.get_mut(index) {
                    shown.partitions = Some(partitions.len());
                    shown.records = Some(spans.iter().map(|span| span.high - span.low).sum());
                }
                found.push(Topic { name: name.clone(), spans });
            }
            Err(problem) => {
                let why = problem.detail_text().unwrap_or("no answer");
                plan.unknown(&pointer, format!("its offsets could not be read: {why}"));
            }
        }
    }
    found
}

/// Finds the schema of each topic: the newest of its subject, else that of a sample.
pub(super) async fn schemas(
    app: &App,
    topics: &[Topic],
    samples: &[Sample],
    plan: &mut Plan,
) -> Vec<TopicSchema> {
    let mut schemas = Vec::new();
    for topic in topics {
        let index = plan.topics.iter().position(|shown| shown.topic == topic.name).unwrap_or(0);
        let pointer = format!("/source/topics/{index}");
        let subject = format!("{}-value", topic.name);
        let id = match app.registry().latest(&subject).await {
            Ok(latest) => {
                if let Some(shown) = plan.topics.get_mut(index) {
                    shown.subject = Some(subject);
                    shown.version = Some(latest.version);
                }
                Some(latest.id)
            }
            Err(error) if error.disposition() == Disposition::NotFound => {
                let of_topic = samples.iter().filter(|sample| sample.topic == topic.name);
                let ids = of_topic.filter_map(|sample| {
                    decode::confluent_frame(sample.value.as_deref()?).ok().map(|(id, _)| id)
                });
                let id = ids.max();
                if id.is_none() {
                    plan.warning(
                        &pointer,
                        format!(
                            "the registry has no subject {subject}: without a schema the columns \
                             are not known yet"
                        ),
                    );
                }
                id
            }
            Err(error) => {
                plan.unknown(&pointer, error.to_string());
                None
            }
        };
        let Some(id) = id else { continue };
        if let Some(shown) = plan.topics.get_mut(index) {
            shown.schema_id = Some(id);
        }
        match schema(app, id).await {
            Ok(Ok(schema)) => schemas.push(TopicSchema { topic: topic.name.clone(), id, schema }),
            Ok(Err(why)) => plan.error(&pointer, why),
            Err(error) => plan.unknown(&pointer, error.to_string()),
        }
    }
    schemas
}

/// Reads a schema by its id; the inner error says why it cannot be used.
pub(crate) async fn schema(app: &App, id: u32) -> Result<Result<Schema, String>, RegistryError> {
    let registered = app.registry().schema_by_id(id).await?;
    if registered.kind != SchemaKind::Avro {
        let kind = registered.kind;
        return Ok(Err(format!("schema {id} is {kind:?}: only Avro is supported yet")));
    }
    let references: Vec<&str> =
        registered.references.iter().map(|reference| reference.text.as_str()).collect();
    let schema = Schema::parse(&registered.text, &references);
    Ok(schema.map_err(|error| format!("schema {id}: {error}")))
}
