use std::collections::BTreeMap;

use pipeline_spec::{Pipeline, store::Purge};

use super::*;

const NOW: TopicId = TopicId(7);

fn copy(topic: &str, at_ms: i64) -> Mirror {
    Mirror {
        topic: "sales".to_owned(),
        partition: 0,
        offset: 50,
        metadata: format!("1;{topic};0;1@0;"),
        at_ms,
        reset: None,
    }
}

/// What a pipeline that was created at 100 finds in these reports.
async fn found(copy: Option<Mirror>) -> anyhow::Result<Vec<i64>> {
    let key = ("sales".to_owned(), "sales".to_owned(), 0);
    let mirrors: BTreeMap<_, _> = copy.map(|copy| (key, Arc::new(copy))).into_iter().collect();
    let snapshot = StatusSnapshot { mirrors, ..StatusSnapshot::default() };
    let (_sinks, statuses) = watch::channel(Some(Arc::new(snapshot)));
    of(statuses).await
}

async fn of(statuses: watch::Receiver<Option<Arc<StatusSnapshot>>>) -> anyhow::Result<Vec<i64>> {
    let document = "name: sales\nsource: {topics: [sales]}\ntarget: {database: d, table: t}\n";
    let stored = Stored {
        spec: Pipeline::from_yaml(document)?,
        version: 1,
        created_at_ms: 100,
        updated_at_ms: 100,
        updated_by: String::new(),
        restarts: 0,
        reset: None,
        deleting: false,
        purge: Purge::default(),
        claim: None,
    };
    let topics = HashMap::from([("sales".to_owned(), NOW)]);
    let wanted = TopicPartition::new("sales", 0);
    let found = Mirrors::new(statuses, &stored).of([wanted].iter(), &topics).await?;
    Ok(found.into_values().collect())
}

#[tokio::test]
async fn a_copy_counts_for_its_own_pipeline_and_topic() -> anyhow::Result<()> {
    assert_eq!(found(Some(copy(&NOW.to_string(), 100))).await?, [50]);
    assert_eq!(found(Some(copy("-", 100))).await?, [50], "nobody could tell the topic");
    assert_eq!(found(None).await?, [] as [i64; 0]);
    let other = found(Some(copy(&TopicId(8).to_string(), 100))).await?;
    assert!(other.is_empty(), "the topic was deleted and created again");
    let former = found(Some(copy(&NOW.to_string(), 99))).await?;
    assert!(former.is_empty(), "the name was another pipeline's");
    Ok(())
}

#[tokio::test]
async fn nothing_is_assumed_when_the_reports_were_never_read() {
    let (follower, statuses) = watch::channel(None);
    drop(follower);
    let error = of(statuses).await.unwrap_err();
    assert!(format!("{error:#}").contains("not read yet"), "{error:#}");
}
