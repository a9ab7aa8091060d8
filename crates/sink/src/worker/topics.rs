//! Time in, which topics have the names that are read out (rule R16).

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use deliver::{Event, TopicId};
use tokio::time;

use super::{Answer, Worker};

/// How often somebody looks whether a topic was deleted and created again. It bounds how long that
/// goes unnoticed where nothing is inserted; what is to be inserted is never older than a look.
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl Worker<'_> {
    /// Looks at the topics from now on until the worker ends.
    pub(super) fn watch_topics(&self) {
        let (topics, answers) = (self.topics.clone(), self.answers.0.clone());
        let watching = async move {
            loop {
                time::sleep(LOOK_EVERY).await;
                // What is not answered is asked again.
                let Some((asked, ids)) = topics.look().await else { continue };
                if answers.send(Answer::Topics(asked, ids)).await.is_err() {
                    return;
                }
            }
        };
        let ended = self.ended.clone();
        self.runtime.spawn(async move { ended.run_until_cancelled(watching).await });
    }

    pub(super) fn topics_are(
        &mut self,
        asked: Instant,
        topics: HashMap<String, TopicId>,
    ) -> anyhow::Result<()> {
        if asked < self.assigned_at {
            return Ok(()); // the partitions may be of a later topic: the next look says so
        }
        self.board.set_topic_ids(&topics);
        for (topic, id) in topics {
            self.tell(Event::TopicIs { topic, id })?;
        }
        Ok(())
    }
}
