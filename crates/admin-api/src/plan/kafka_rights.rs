//! A pipeline in, the commands that give sinks the rights it needs at Kafka out, where they may be
//! missing.
//!
//! As whom the sinks come is not known here, and the client library tells neither the access
//! control lists nor what other accounts may do. What can be found out is whether the brokers ask
//! for rights at all.

use pipeline_spec::Pipeline;
use rdkafka::{
    ClientConfig,
    admin::{ConfigResource, ResourceSpecifier},
    consumer::Consumer as _,
};

use super::{MissingRight, Plan};
use crate::{
    kafka::{
        self, ANSWER_MAX,
        admin::{admin, options},
    },
    state::App,
};

/// Stands for the sinks' account in commands.
const ACCOUNT: &str = "User:<sink>";

/// Lists what sinks need, unless the brokers let everybody do everything.
pub(super) async fn look(app: &App, spec: &Pipeline, plan: &mut Plan) {
    if has_authorizer(app).await == Some(false) {
        return;
    }
    let (brokers, namespace) = (&app.config().kafka.brokers, &app.config().namespace);
    for need in needs(spec, namespace) {
        plan.rights.push(MissingRight {
            account: ACCOUNT.to_owned(),
            purpose: need.purpose.to_owned(),
            state: "unknown".to_owned(),
            command: need.command(brokers),
        });
    }
}

/// What is needed on something.
#[derive(Debug, PartialEq, Eq)]
struct Need {
    purpose: &'static str,
    operations: &'static [&'static str],
    /// `--topic` or `--group`.
    kind: &'static str,
    name: String,
}

fn needs(spec: &Pipeline, namespace: &str) -> Vec<Need> {
    let topic = |purpose, operations, name| Need { purpose, operations, kind: "--topic", name };
    let sources = spec.source.topics.iter();
    let mut needs: Vec<Need> = sources
        .map(|name| topic("read records", &["Read", "DescribeConfigs"], name.clone()))
        .collect();
    needs.extend([
        Need {
            purpose: "share partitions and commit offsets",
            operations: &["Read"],
            kind: "--group",
            name: spec.group(namespace),
        },
        topic(
            "write dead letters",
            &["Write", "Create", "DescribeConfigs"],
            spec.dead_letter_topic(namespace),
        ),
        topic("read replayed dead letters", &["Read", "Create"], spec.replay_topic(namespace)),
        topic("follow pipelines", &["Read", "DescribeConfigs"], format!("{namespace}.pipelines")),
        topic(
            "report and follow status",
            &["Read", "Write", "DescribeConfigs"],
            format!("{namespace}.status"),
        ),
    ]);
    needs
}

impl Need {
    fn command(&self, brokers: &str) -> String {
        let operations: Vec<String> =
            self.operations.iter().map(|operation| format!("--operation {operation}")).collect();
        format!(
            "kafka-acls.sh --bootstrap-server {brokers} --add --allow-principal '{ACCOUNT}' {} {} \
             '{}'",
            operations.join(" "),
            self.kind,
            self.name
        )
    }
}

/// Whether the brokers ask for rights; `None` where they do not say.
async fn has_authorizer(app: &App) -> Option<bool> {
    let broker = app.kafka().ask(|consumer| {
        let metadata = consumer.fetch_metadata(None, ANSWER_MAX)?;
        Ok(metadata.brokers().first().map(rdkafka::metadata::MetadataBroker::id))
    });
    let client: ClientConfig = kafka::client(app.config());
    let asked = admin(&client).ok()?;
    let of = ResourceSpecifier::Broker(broker.await.ok()??);
    let answers = asked.describe_configs(&[of], &options()).await.ok()?;
    authorizer(answers.into_iter().next()?.as_ref().ok()?)
}

/// A setting that is not told may be any.
fn authorizer(settings: &ConfigResource) -> Option<bool> {
    let class = settings.get("authorizer.class.name")?;
    Some(class.value.as_deref().is_some_and(|class| !class.is_empty()))
}

#[cfg(test)]
mod tests;
