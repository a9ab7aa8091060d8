//! A consumer group in, its commits and members out.

use std::collections::BTreeMap;

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
};

use super::{ANSWER_WITHIN, Kafka, blocking, partitions};

/// What a group has committed for a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The next record to read.
    pub offset: i64,
    /// The text committed beside it.
    pub metadata: String,
}

/// A consumer group as the broker sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Such as `Stable`, `Empty`, `PreparingRebalance`.
    pub state: String,
    /// Ids of its members.
    pub members: Vec<String>,
}

impl Kafka {
    /// What the group has committed for each partition of the topic; partitions without a commit
    /// are missing.
    ///
    /// # Errors
    ///
    /// When the broker does not answer.
    pub async fn committed(
        &self,
        group: &str,
        topic: &str,
    ) -> anyhow::Result<BTreeMap<i32, Committed>> {
        let consumer: BaseConsumer = self.config().set("group.id", group).create()?;
        let topic = topic.to_owned();
        blocking(move || {
            let mut wanted = TopicPartitionList::new();
            for partition in partitions(&consumer, &topic)? {
                wanted.add_partition(&topic, partition);
            }
            let found = consumer.committed_offsets(wanted, ANSWER_WITHIN)?;
            let of = |offset| if let Offset::Offset(offset) = offset { Some(offset) } else { None };
            let committed = found.elements().into_iter().filter_map(|element| {
                let offset = of(element.offset())?;
                let metadata = element.metadata().to_owned();
                Some((element.partition(), Committed { offset, metadata }))
            });
            Ok(committed.collect())
        })
        .await
    }

    /// The sum of all committed offsets: the number of records a group is done with, if the
    /// topic lost none at its beginning.
    ///
    /// # Errors
    ///
    /// When the broker does not answer.
    pub async fn committed_sum(&self, group: &str, topic: &str) -> anyhow::Result<i64> {
        Ok(self.committed(group, topic).await?.values().map(|commit| commit.offset).sum())
    }

    /// The group, if the broker knows it.
    ///
    /// # Errors
    ///
    /// When the broker does not answer.
    pub async fn group(&self, name: &str) -> anyhow::Result<Option<Group>> {
        let consumer: BaseConsumer = self.config().create()?;
        let name = name.to_owned();
        blocking(move || {
            let groups = consumer.fetch_group_list(Some(&name), ANSWER_WITHIN)?;
            Ok(groups.groups().iter().find(|group| group.name() == name).map(|group| Group {
                state: group.state().to_owned(),
                members: group.members().iter().map(|member| member.id().to_owned()).collect(),
            }))
        })
        .await
    }
}
