//! Topics with which the store would lose something are refused, with the way to mend them.

use pipeline_spec::store::StoreError;
use testkit::unique;

use crate::support::open;

#[tokio::test(flavor = "multi_thread")]
async fn they_are_made_once_and_found_again() -> anyhow::Result<()> {
    let namespace = unique("store");
    let (one, other) = (open(&namespace).await?, open(&namespace).await?);
    let (first, second) = tokio::join!(one.prepare(), other.prepare());
    first?;
    second?;
    one.prepare().await?;
    let ends = testkit::stack().await?.kafka().end_offsets(&format!("{namespace}.status")).await?;
    assert_eq!(ends.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_forgets_is_refused_with_the_command_that_mends_it() -> anyhow::Result<()> {
    let kafka = testkit::stack().await?.kafka();
    let wrong = [
        ("pipelines", "cleanup.policy", "delete", "cleanup.policy=compact"),
        ("status", "cleanup.policy", "compact,delete", "cleanup.policy=compact"),
        ("audit", "retention.ms", "604800000", "retention.ms=-1"),
    ];
    for (topic, key, value, mends) in wrong {
        let namespace = unique("store");
        let name = format!("{namespace}.{topic}");
        kafka.create_topic(&name, 1, &[(key, value)]).await?;
        let refused = open(&namespace).await?.prepare().await;
        let Err(StoreError::Topic { topic, problem }) = refused else {
            panic!("{name} was taken as it is: {refused:?}");
        };
        assert_eq!(topic, name);
        let command = format!(
            "kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name \
             {name} --add-config {mends}",
            kafka.brokers()
        );
        assert!(problem.contains(&command), "{problem}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_without_one_order_is_refused() -> anyhow::Result<()> {
    let namespace = unique("store");
    let name = format!("{namespace}.pipelines");
    let kafka = testkit::stack().await?.kafka();
    kafka.create_topic(&name, 2, &[("cleanup.policy", "compact")]).await?;
    let refused = open(&namespace).await?.prepare().await.unwrap_err().to_string();
    assert!(refused.contains("more than one partition"), "{refused}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_follows_needs_no_audit() -> anyhow::Result<()> {
    let namespace = unique("store");
    let kafka = testkit::stack().await?.kafka();
    // An audit that a writer would refuse is not looked at.
    kafka.create_topic(&format!("{namespace}.audit"), 1, &[("retention.ms", "1000")]).await?;
    let store = open(&namespace).await?;
    store.prepare_to_follow().await?;
    for followed in ["pipelines", "status"] {
        let ends = kafka.end_offsets(&format!("{namespace}.{followed}")).await?;
        assert_eq!(ends.len(), 1, "{followed}");
    }
    assert!(store.prepare().await.is_err());
    Ok(())
}
