//! The topics that the store needs in, topics that are as it needs them out.

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
    types::RDKafkaErrorCode,
    util::Timeout,
};
use tokio::time::{self, Instant};

use super::{
    client::{ANSWER_MAX, Clients},
    error::StoreError,
};

/// How long a new topic may take until it can be used.
const CREATION_MAX: Duration = Duration::from_secs(20);
/// How often is looked whether it can.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A topic and its settings.
struct Wanted {
    name: String,
    /// Without these the store would lose what it must keep.
    needed: &'static [(&'static str, &'static str)],
    /// These only make it better.
    chosen: &'static [(&'static str, &'static str)],
}

/// What everyone needs who follows the stored pipelines.
fn followed(clients: &Clients) -> [Wanted; 2] {
    [
        Wanted {
            name: clients.topic("pipelines"),
            needed: &[("cleanup.policy", "compact")],
            // A writer whose commit was not answered looks for its own record: it must not be
            // cleaned away meanwhile.
            chosen: &[("min.compaction.lag.ms", "600000"), ("segment.bytes", "16777216")],
        },
        Wanted {
            name: clients.topic("status"),
            needed: &[("cleanup.policy", "compact")],
            // Kafka's clock tells how old a report is. Only closed segments are compacted, and
            // whoever begins to follow reads what is left: small segments keep that short.
            chosen: &[
                ("message.timestamp.type", "LogAppendTime"),
                ("segment.bytes", "16777216"),
                ("segment.ms", "600000"),
                ("min.cleanable.dirty.ratio", "0.1"),
                ("delete.retention.ms", "3600000"),
            ],
        },
    ]
}

/// What only those need who change pipelines.
fn audit(clients: &Clients) -> Wanted {
    Wanted {
        name: clients.topic("audit"),
        needed: &[("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")],
        chosen: &[],
    }
}

/// Creates what is missing and checks what is there, of the topics that those need who only
/// follow.
pub(super) async fn prepare_to_follow(clients: &Clients) -> Result<(), StoreError> {
    ready(clients, &followed(clients)).await
}

/// Creates what is missing and checks what is there.
pub(super) async fn prepare(clients: &Clients) -> Result<(), StoreError> {
    let [pipelines, status] = followed(clients);
    ready(clients, &[pipelines, status, audit(clients)]).await
}

async fn ready(clients: &Clients, wanted: &[Wanted]) -> Result<(), StoreError> {
    let admin: AdminClient<DefaultClientContext> =
        clients.plain().create().map_err(StoreError::kafka("create a Kafka client"))?;
    let admin = std::sync::Arc::new(admin);
    let found = partitions(&admin).await?;
    for topic in wanted.iter().filter(|topic| !found.contains_key(&topic.name)) {
        create(&admin, topic).await?;
    }
    wait(&admin, wanted).await?;
    let brokers = clients.plain().get("bootstrap.servers").unwrap_or("<brokers>");
    for topic in wanted {
        check(&admin, topic, brokers).await?;
    }
    Ok(())
}

/// Partitions of every topic. Asks for all: brokers may create a topic that is asked for by name.
async fn partitions(
    admin: &std::sync::Arc<AdminClient<DefaultClientContext>>,
) -> Result<BTreeMap<String, usize>, StoreError> {
    let admin = admin.clone();
    let asked = tokio::task::spawn_blocking(move || {
        let metadata = admin.inner().fetch_metadata(None, Timeout::After(ANSWER_MAX))?;
        let ready = |topic: &rdkafka::metadata::MetadataTopic| {
            topic.partitions().iter().filter(|partition| partition.leader() >= 0).count()
        };
        let topics = metadata.topics().iter();
        Ok(topics.map(|topic| (topic.name().to_owned(), ready(topic))).collect())
    });
    let answer = asked.await.map_err(|error| StoreError::Internal(error.to_string()))?;
    answer.map_err(StoreError::kafka("list topics"))
}

async fn create(
    admin: &AdminClient<DefaultClientContext>,
    topic: &Wanted,
) -> Result<(), StoreError> {
    // -1: the broker's own default number of replicas
    let mut new = NewTopic::new(&topic.name, 1, TopicReplication::Fixed(-1));
    for (key, value) in topic.needed.iter().chain(topic.chosen) {
        new = new.set(key, value);
    }
    let options = AdminOptions::new().operation_timeout(Some(ANSWER_MAX));
    let answers = admin.create_topics([&new], &options).await;
    let answers = answers.map_err(StoreError::kafka("create a topic of the store"))?;
    match answers.into_iter().next() {
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) | None => Ok(()),
        Some(Ok(_)) => {
            tracing::info!(topic = topic.name, "topic of the store created");
            Ok(())
        }
        Some(Err((_, code))) => {
            let settings: Vec<String> =
                topic.needed.iter().map(|(key, value)| format!("--config {key}={value}")).collect();
            Err(StoreError::Topic {
                topic: topic.name.clone(),
                problem: format!(
                    "Kafka refuses to create it: {code}; create it as somebody who may: \
                     kafka-topics.sh --create --topic {} --partitions 1 {}",
                    topic.name,
                    settings.join(" ")
                ),
            })
        }
    }
}

/// Waits until each topic has a leader.
async fn wait(
    admin: &std::sync::Arc<AdminClient<DefaultClientContext>>,
    wanted: &[Wanted],
) -> Result<(), StoreError> {
    let deadline = Instant::now() + CREATION_MAX;
    loop {
        let found = partitions(admin).await?;
        let missing = wanted.iter().find(|topic| found.get(&topic.name).is_none_or(|n| *n == 0));
        let Some(missing) = missing else {
            let wrong = wanted.iter().find(|topic| found.get(&topic.name).is_some_and(|n| *n > 1));
            return match wrong {
                None => Ok(()),
                Some(topic) => Err(StoreError::Topic {
                    topic: topic.name.clone(),
                    problem: "it has more than one partition, so it has no single order: choose \
                              another namespace, or move it out of the way"
                        .to_owned(),
                }),
            };
        };
        if Instant::now() >= deadline {
            return Err(StoreError::Topic {
                topic: missing.name.clone(),
                problem: format!("it has no leader after {}s", CREATION_MAX.as_secs()),
            });
        }
        time::sleep(LOOK_EVERY).await;
    }
}

async fn check(
    admin: &AdminClient<DefaultClientContext>,
    topic: &Wanted,
    brokers: &str,
) -> Result<(), StoreError> {
    const ACTION: &str = "read the settings of a topic of the store";
    let options = AdminOptions::new().request_timeout(Some(ANSWER_MAX));
    let asked = [ResourceSpecifier::Topic(&topic.name)];
    let answers = admin.describe_configs(&asked, &options).await;
    let answer = answers.map_err(StoreError::kafka(ACTION))?.into_iter().next();
    let config = match answer {
        Some(Ok(config)) => config,
        // Not told today: rdkafka 0.39 passes on an answer without settings instead.
        Some(Err(_)) => {
            unseen(topic);
            return Ok(());
        }
        None => return Err(StoreError::timed_out(ACTION)),
    };
    for (key, value) in topic.needed {
        // Every topic has a value: without the right to see them the client passes on none.
        let Some(found) = config.get(key).and_then(|entry| entry.value.as_deref()) else {
            unseen(topic);
            return Ok(());
        };
        if found != *value {
            return Err(StoreError::Topic {
                topic: topic.name.clone(),
                problem: format!(
                    "its {key} is {found}, the store needs {value}: kafka-configs.sh \
                     --bootstrap-server {brokers} --alter --entity-type topics --entity-name {} \
                     --add-config {key}={value}",
                    topic.name
                ),
            });
        }
    }
    Ok(())
}

fn unseen(topic: &Wanted) {
    tracing::warn!(topic = topic.name, "the settings of this topic may not be looked at");
}
