//! What a person does to a topic or a group in, done to the broker out.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow, ensure};
use rdkafka::{
    Offset, TopicPartitionList,
    admin::{AlterConfig, NewPartitions, ResourceSpecifier},
    consumer::{BaseConsumer, CommitMode, Consumer as _},
    error::KafkaError,
    types::RDKafkaErrorCode::{CoordinatorLoadInProgress, NotCoordinator},
};

use super::{ANSWER_WITHIN, Committed, Kafka, blocking, options};

impl Kafka {
    /// Gives a topic more partitions, `total` in all, and returns when they can be used.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn add_partitions(&self, topic: &str, total: usize) -> anyhow::Result<()> {
        let wanted = [NewPartitions::new(topic, total)];
        for result in self.admin()?.create_partitions(&wanted, &options()).await? {
            result.map_err(|(name, code)| anyhow!("add partitions to {name}: {code}"))?;
        }
        crate::eventually("the topic has its partitions", ANSWER_WITHIN, async || {
            self.end_offsets(topic).await.is_ok_and(|ends| ends.len() == total)
        })
        .await
    }

    /// Gives a topic these settings. Those that are not among them fall back to the broker's.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn set_topic(&self, name: &str, settings: &[(&str, &str)]) -> anyhow::Result<()> {
        let wanted = AlterConfig::new(ResourceSpecifier::Topic(name));
        let wanted = settings.iter().fold(wanted, |all, (key, value)| all.set(key, value));
        for result in self.admin()?.alter_configs([&wanted], &options()).await? {
            result.map_err(|(_, code)| anyhow!("set {name}: {code}"))?;
        }
        Ok(())
    }

    /// Deletes the records of a partition below `offset`, as its retention does.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn delete_records(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> anyhow::Result<()> {
        let mut below = TopicPartitionList::new();
        below.add_partition_offset(topic, partition, Offset::Offset(offset))?;
        let deleted = self.admin()?.delete_records(&below, &options()).await?;
        for element in deleted.elements() {
            element.error().context("delete records")?;
        }
        Ok(())
    }

    /// Deletes a group without members, and all it has committed.
    ///
    /// # Errors
    ///
    /// When the broker refuses, as it does while the group has members.
    pub async fn delete_group(&self, group: &str) -> anyhow::Result<()> {
        let admin = self.admin()?;
        let mut answer = Ok(());
        crate::eventually("the broker knows the group", ANSWER_WITHIN, async || {
            answer = match admin.delete_groups(&[group], &options()).await {
                Ok(told) => told.into_iter().try_for_each(|one| {
                    one.map(drop).map_err(|(_, code)| KafkaError::AdminOp(code))
                }),
                Err(error) => Err(error),
            };
            // It may just read its groups again; the protocol has clients ask once more then.
            let code = answer.as_ref().err().and_then(KafkaError::rdkafka_error_code);
            !matches!(code, Some(NotCoordinator | CoordinatorLoadInProgress))
        })
        .await?;
        answer.with_context(|| format!("delete group {group}"))
    }

    /// Commits offsets by hand for a group without members: partition and next record to read.
    ///
    /// # Errors
    ///
    /// When the broker refuses, as it does while the group has members.
    pub async fn commit(
        &self,
        group: &str,
        topic: &str,
        offsets: &[(i32, i64)],
    ) -> anyhow::Result<()> {
        let by_hand = |(partition, offset): &(i32, i64)| {
            (*partition, Committed { offset: *offset, metadata: String::new() })
        };
        self.restore(group, topic, &offsets.iter().map(by_hand).collect()).await
    }

    /// Commits what [`Kafka::committed`] told before, or a part of it, for a group without members.
    ///
    /// # Errors
    ///
    /// When the broker refuses, as it does while the group has members.
    pub async fn restore(
        &self,
        group: &str,
        topic: &str,
        commits: &BTreeMap<i32, Committed>,
    ) -> anyhow::Result<()> {
        let consumer: BaseConsumer = self.config().set("group.id", group).create()?;
        let mut list = TopicPartitionList::new();
        for (partition, commit) in commits {
            let offset = Offset::Offset(commit.offset);
            list.add_partition_offset(topic, *partition, offset)?;
            if let Some(mut element) = list.find_partition(topic, *partition) {
                element.set_metadata(&commit.metadata);
            }
        }
        blocking(move || consumer.commit(&list, CommitMode::Sync).context("commit by hand"))
            .await?;
        let found = self.committed(group, topic).await?;
        let holds = |(partition, commit): (&i32, &Committed)| found.get(partition) == Some(commit);
        ensure!(commits.iter().all(holds), "the group has committed something else: {found:?}");
        Ok(())
    }
}
