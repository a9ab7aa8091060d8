//! Settings of one account in, the letters of what it may do out.
//!
//! Each ask has one answer that means no. What is neither that nor an answer that only somebody
//! gets who may is an error, so that a server in trouble is not taken for one that refuses.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{
        AdminClient, AdminOptions, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
    },
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer as _},
    error::{KafkaError, RDKafkaErrorCode as Code},
    producer::{FutureProducer, FutureRecord, Producer as _},
};

use crate::Asked;

/// Longest that one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Longest until it is known which broker a group belongs to, where that is told.
const COORDINATOR_WITHIN: Duration = Duration::from_secs(2);
/// Longest of one look.
const LOOK: Duration = Duration::from_millis(200);
/// The year 2100: further in the future than a broker takes records from.
const REFUSED_TIMESTAMP_MS: i64 = 4_102_444_800_000;
/// More than any topic of the stack has.
const PARTITIONS: usize = 100;
/// Whose configuration is asked for: the stack has one broker.
const BROKER: i32 = 1;

/// What an account may, by thing: `topic sales`, `group penstock.x`, `cluster`. `makes` are the
/// settings of one that may create and delete topics.
pub(crate) async fn all(
    config: &ClientConfig,
    makes: &ClientConfig,
    asked: &Asked,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for topic in &asked.topics {
        let letters =
            of_topic(config, makes, topic).await.with_context(|| format!("topic {topic}"))?;
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
    let broker = ResourceSpecifier::Broker(BROKER);
    let letters = letters(&[('C', configured(&config.create()?, broker).await?)]);
    found.insert("cluster".to_owned(), letters);
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

async fn of_topic(
    config: &ClientConfig,
    makes: &ClientConfig,
    topic: &str,
) -> anyhow::Result<String> {
    let admin: Admin = config.create()?;
    let no = Code::TopicAuthorizationFailed;
    let options = || options().validate_only(true);
    let more = NewPartitions::new(topic, PARTITIONS);
    let altered = first(admin.create_partitions([&more], &options()).await?)?;
    let new = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    let created = first(admin.create_topics([&new], &options()).await?)?;
    // Another of the same prefix, since rights to delete are given by prefix. It is there, since
    // of what is not there nobody who may describe it is told that he may not delete it.
    let victim = format!("{topic}-victim");
    create(makes, std::slice::from_ref(&victim)).await?;
    let deleted = first(admin.delete_topics(&[&victim], &self::options()).await?)?;
    let may_delete = judge(deleted, no, &[]).context("delete")?;
    if !may_delete {
        delete(makes, &[victim]).await?;
    }
    Ok(letters(&[
        ('D', describe(config, topic).context("describe")?),
        ('R', read(config, topic).context("read")?),
        ('W', write(config, topic).await.context("write")?),
        ('C', configured(&admin, ResourceSpecifier::Topic(topic)).await?),
        ('A', judge(altered, no, &[]).context("alter")?),
        ('N', judge(created, no, &[Code::TopicAlreadyExists]).context("create")?),
        ('X', may_delete),
    ]))
}

/// Asks for settings. The client keeps the reason of a refusal to itself: without the right there
/// are none.
async fn configured(admin: &Admin, what: ResourceSpecifier<'_>) -> anyhow::Result<bool> {
    let told = admin.describe_configs([&what], &options()).await?;
    let told = told.into_iter().next().context("no answer")?;
    Ok(!told.map_err(|code| anyhow::anyhow!("describe configs: {code}"))?.entries.is_empty())
}

fn describe(config: &ClientConfig, topic: &str) -> anyhow::Result<bool> {
    let consumer: BaseConsumer = config.create()?;
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WITHIN)?;
    let told = metadata.topics().first().context("no answer")?.error();
    judge(told.map_or(Ok(()), |code| Err(code.into())), Code::TopicAuthorizationFailed, &[])
}

fn read(config: &ClientConfig, topic: &str) -> anyhow::Result<bool> {
    // Who may read may describe. Who may not is not told where the topic is, and librdkafka then
    // waits for ever.
    if !describe(config, topic)? {
        return Ok(false);
    }
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
    let admin: Admin = config.create()?;
    let absent = format!("{group}-absent");
    let deleted = first(admin.delete_groups(&[&absent], &options()).await?)?;
    let mut config = config.clone();
    config.set("group.id", group).set("enable.auto.commit", "false");
    Ok(letters(&[
        ('D', look(&config).context("describe")?),
        ('R', join(&config).context("read")?),
        (
            'X',
            judge(deleted, Code::GroupAuthorizationFailed, &[Code::GroupIdNotFound])
                .context("delete")?,
        ),
    ]))
}

/// Asks for the offsets of a group, which needs the right to describe it.
fn look(config: &ClientConfig) -> anyhow::Result<bool> {
    let consumer: BaseConsumer = config.create()?;
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition("sales", 0);
    let told = consumer.committed_offsets(wanted, COORDINATOR_WITHIN);
    match told.as_ref().map_err(code) {
        // Whoever may not read the topic either hears of the group first.
        Ok(_) | Err(Ok(Code::TopicAuthorizationFailed)) => Ok(true),
        // librdkafka looks on for who knows the group, and tells the reason elsewhere.
        Err(Ok(Code::OperationTimedOut)) => {
            let told = consumer.poll(ANSWER_WITHIN).context("no answer")?;
            let told = told.err().context("a record of no topic")?;
            judge(Err(code(&told)?), Code::GroupAuthorizationFailed, &[])
        }
        Err(told) => judge(Err(told?), Code::GroupAuthorizationFailed, &[]),
    }
}

/// Joins a group until it gives out partitions.
fn join(config: &ClientConfig) -> anyhow::Result<bool> {
    let consumer: BaseConsumer = config.create()?;
    consumer.subscribe(&["sales"])?;
    let since = Instant::now();
    while since.elapsed() < ANSWER_WITHIN {
        match consumer.poll(LOOK) {
            Some(Err(error)) if code(&error)? != Code::TopicAuthorizationFailed => {
                return judge(Err(code(&error)?), Code::GroupAuthorizationFailed, &[]);
            }
            Some(Err(_)) | None if consumer.assignment()?.count() == 0 => {}
            Some(_) | None => return Ok(true),
        }
    }
    bail!("no answer")
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
