//! Settings of one account in, the letters of what it may do out.
//!
//! Each ask has one answer that means no. What is neither that nor an answer that only somebody
//! gets who may is an error, so that a server in trouble is not taken for one that refuses.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, bail, ensure};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{
        AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication,
    },
    client::DefaultClientContext,
    consumer::{BaseConsumer, CommitMode, Consumer as _},
    error::{KafkaError, RDKafkaErrorCode as Code},
    producer::{FutureProducer, FutureRecord, Producer as _},
};

use crate::Asked;

/// Longest that one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// The year 2100: further in the future than a broker takes records from.
const REFUSED_TIMESTAMP_MS: i64 = 4_102_444_800_000;
/// Whose configuration is asked for: the stack has one broker.
const BROKER: i32 = 1;

/// What an account may, by thing: `topic sales`, `group penstock.x`, `cluster`.
pub(crate) async fn all(
    config: &ClientConfig,
    asked: &Asked,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for topic in &asked.topics {
        let letters = of_topic(config, topic).await.with_context(|| format!("topic {topic}"))?;
        found.insert(format!("topic {topic}"), letters);
    }
    for group in &asked.groups {
        let letters = of_group(config, group).await.with_context(|| format!("group {group}"))?;
        found.insert(format!("group {group}"), letters);
    }
    for id in &asked.transactional_ids {
        let letters = letters(&[('W', transact(config, id).context("transactional id")?)]);
        found.insert(format!("transactional id {id}"), letters);
    }
    found.insert("cluster".to_owned(), of_cluster(config).await.context("cluster")?);
    Ok(found)
}

/// Makes topics with one partition.
pub(crate) async fn create(config: &ClientConfig, topics: &[String]) -> anyhow::Result<()> {
    let admin: Admin = config.create()?;
    let wanted: Vec<_> =
        topics.iter().map(|name| NewTopic::new(name, 1, TopicReplication::Fixed(1))).collect();
    for result in admin.create_topics(&wanted, &options()).await? {
        match result {
            Ok(_) | Err((_, Code::TopicAlreadyExists)) => {}
            Err((name, code)) => bail!("create topic {name}: {code}"),
        }
    }
    Ok(())
}

/// Deletes topics.
pub(crate) async fn delete(config: &ClientConfig, topics: &[String]) -> anyhow::Result<()> {
    let admin: Admin = config.create()?;
    let names: Vec<_> = topics.iter().map(String::as_str).collect();
    for result in admin.delete_topics(&names, &options()).await? {
        result.map_err(|(name, code)| anyhow::anyhow!("delete topic {name}: {code}"))?;
    }
    Ok(())
}

type Admin = AdminClient<DefaultClientContext>;

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ANSWER_WITHIN)).operation_timeout(Some(ANSWER_WITHIN))
}

fn letters(tried: &[(char, bool)]) -> String {
    tried.iter().filter(|(_, may)| *may).map(|(letter, _)| *letter).collect()
}

/// Whether an answer is a yes: no error or one of `yes`, as against the one that means no.
fn judge(answer: Result<(), Code>, no: Code, yes: &[Code]) -> anyhow::Result<bool> {
    match answer {
        Ok(()) => Ok(true),
        Err(code) if code == no => Ok(false),
        Err(code) if yes.contains(&code) => Ok(true),
        Err(code) => bail!("neither allowed nor refused: {code}"),
    }
}

fn code(error: &KafkaError) -> anyhow::Result<Code> {
    error.rdkafka_error_code().with_context(|| error.to_string())
}

/// The first answer of several to one ask.
fn first<Found, Named>(answers: Vec<Result<Found, (Named, Code)>>) -> anyhow::Result<Answer> {
    let answer = answers.into_iter().next().context("no answer")?;
    Ok(answer.map(drop).map_err(|(_, code)| code))
}

type Answer = Result<(), Code>;

async fn of_topic(config: &ClientConfig, topic: &str) -> anyhow::Result<String> {
    let admin: Admin = config.create()?;
    let no = Code::TopicAuthorizationFailed;
    let resource = ResourceSpecifier::Topic(topic);
    let described = admin.describe_configs([&resource], &options()).await?;
    let described = described.into_iter().next().context("no answer")?.map(drop);
    let alteration = AlterConfig::new(resource).set("retention.ms", "604800000");
    let altered = admin.alter_configs([&alteration], &options().validate_only(true)).await?;
    let new = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    let created = first(admin.create_topics([&new], &options().validate_only(true)).await?)?;
    // Another of the same prefix: rights to delete are given by prefix.
    let absent = format!("{topic}-absent");
    let deleted = first(admin.delete_topics(&[&absent], &options()).await?)?;
    Ok(letters(&[
        ('D', describe(config, topic).context("describe")?),
        ('R', read(config, topic).context("read")?),
        ('W', write(config, topic).await.context("write")?),
        ('C', judge(described, no, &[]).context("describe configs")?),
        ('A', judge(first(altered)?, no, &[]).context("alter configs")?),
        ('N', judge(created, no, &[Code::TopicAlreadyExists]).context("create")?),
        ('X', judge(deleted, no, &[Code::UnknownTopicOrPartition]).context("delete")?),
    ]))
}

fn describe(config: &ClientConfig, topic: &str) -> anyhow::Result<bool> {
    let consumer: BaseConsumer = config.create()?;
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WITHIN)?;
    let told = metadata.topics().first().context("no answer")?.error();
    judge(told.map_or(Ok(()), |code| Err(code.into())), Code::TopicAuthorizationFailed, &[])
}

fn read(config: &ClientConfig, topic: &str) -> anyhow::Result<bool> {
    let mut config = config.clone();
    let consumer: BaseConsumer = config
        .set("group.id", "nobody")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .create()?;
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition_offset(topic, 0, Offset::Beginning)?;
    consumer.assign(&wanted)?;
    loop {
        match consumer.poll(ANSWER_WITHIN).context("no answer")? {
            Ok(_) | Err(KafkaError::PartitionEOF(_)) => return Ok(true),
            // that of the group it names and does not use
            Err(error) if code(&error)? == Code::GroupAuthorizationFailed => {}
            Err(error) => return judge(Err(code(&error)?), Code::TopicAuthorizationFailed, &[]),
        }
    }
}

/// Sends a record without a key from the year 2100. A broker looks at rights first.
async fn write(config: &ClientConfig, topic: &str) -> anyhow::Result<bool> {
    let producer: FutureProducer = config.create()?;
    let record: FutureRecord<'_, (), str> =
        FutureRecord::to(topic).partition(0).payload("").timestamp(REFUSED_TIMESTAMP_MS);
    let sent = producer.send(record, ANSWER_WITHIN).await;
    let Err((error, _)) = sent else { bail!("the record was taken") };
    let yes = [Code::InvalidTimestamp, Code::InvalidRecord];
    judge(Err(code(&error)?), Code::TopicAuthorizationFailed, &yes)
}

async fn of_group(config: &ClientConfig, group: &str) -> anyhow::Result<String> {
    let no = Code::GroupAuthorizationFailed;
    let mut with_group = config.clone();
    let consumer: BaseConsumer =
        with_group.set("group.id", group).set("enable.auto.commit", "false").create()?;
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset("sales", 0, Offset::Offset(0))?;
    // Whoever may not read the topic either hears of the group first.
    let yes = [Code::TopicAuthorizationFailed];
    let answer = |result: Result<(), KafkaError>| -> anyhow::Result<Answer> {
        result.map_or_else(|error| Ok(Err(code(&error)?)), |()| Ok(Ok(())))
    };
    let told = answer(consumer.committed_offsets(offsets.clone(), ANSWER_WITHIN).map(drop))?;
    let joined = answer(consumer.commit(&offsets, CommitMode::Sync))?;
    let admin: Admin = config.create()?;
    let absent = format!("{group}-absent");
    let deleted = first(admin.delete_groups(&[&absent], &options()).await?)?;
    Ok(letters(&[
        ('D', judge(told, no, &yes).context("describe")?),
        ('R', judge(joined, no, &yes).context("read")?),
        ('X', judge(deleted, no, &[Code::GroupIdNotFound]).context("delete")?),
    ]))
}

fn transact(config: &ClientConfig, id: &str) -> anyhow::Result<bool> {
    let mut config = config.clone();
    let producer: FutureProducer = config.set("transactional.id", id).create()?;
    let answer = match producer.init_transactions(ANSWER_WITHIN) {
        Ok(()) => Ok(()),
        Err(error) => Err(code(&error)?),
    };
    judge(answer, Code::TransactionalIdAuthorizationFailed, &[])
}

async fn of_cluster(config: &ClientConfig) -> anyhow::Result<String> {
    let admin: Admin = config.create()?;
    let no = Code::ClusterAuthorizationFailed;
    let resource = ResourceSpecifier::Broker(BROKER);
    let described = admin.describe_configs([&resource], &options()).await?;
    let described = described.into_iter().next().context("no answer")?.map(drop);
    let alteration = AlterConfig::new(resource).set("log.cleaner.threads", "1");
    let options = options().validate_only(true).broker_id(BROKER);
    let altered = admin.alter_configs([&alteration], &options).await?;
    ensure!(altered.len() == 1, "{} answers", altered.len());
    Ok(letters(&[
        ('C', judge(described, no, &[]).context("describe configs")?),
        ('A', judge(first(altered)?, no, &[]).context("alter configs")?),
    ]))
}
