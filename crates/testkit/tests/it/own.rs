//! A stack of one's own can be treated badly.

use std::time::Duration;

use testkit::{Part, Record, Signal, eventually, own_stack, unique};

#[tokio::test]
async fn a_broker_that_was_killed_or_frozen_comes_back_with_its_records() {
    let own = own_stack(&[Part::Kafka], |settings| {
        settings.kafka_extra.push(("message.max.bytes".to_owned(), "1000".to_owned()));
    })
    .await
    .unwrap();
    let kafka = own.kafka().unwrap();
    let topic = unique("topic");
    kafka.create_topic(&topic, 1, &[]).await.unwrap();
    kafka.produce(&topic, [Record::of("a")]).await.unwrap();
    kafka.produce(&topic, [Record::of(vec![0; 2000])]).await.expect_err("the tweak had no effect");

    own.stack().kill(Part::Kafka).await.unwrap();
    own.stack().restart(Part::Kafka).await.unwrap();
    assert_eq!(kafka.read_all(&topic).await.unwrap().len(), 1);

    own.stack().signal(Part::Kafka, Signal::Freeze).await.unwrap();
    let ends = tokio::time::timeout(Duration::from_millis(500), kafka.end_offsets(&topic)).await;
    ends.expect_err("a frozen broker answers");
    own.stack().signal(Part::Kafka, Signal::Continue).await.unwrap();
    eventually("the broker goes on", Duration::from_secs(30), async || {
        kafka.produce(&topic, [Record::of("b")]).await.is_ok()
    })
    .await
    .unwrap();
    assert!(own.clickhouse().is_err() && own.registry().is_err());
    own.stop().await.unwrap();
}

#[tokio::test]
async fn a_dropped_stack_is_gone_with_its_data() {
    let own = own_stack(&[Part::ClickHouse], |_settings| {}).await.unwrap();
    let (data, clickhouse) = (own.stack().data_dir().to_owned(), own.clickhouse().unwrap());
    clickhouse.query("SELECT 1").await.unwrap();
    drop(own);
    eventually("the server is gone", Duration::from_secs(10), async || {
        clickhouse.query("SELECT 1").await.is_err()
    })
    .await
    .unwrap();
    assert!(!data.exists(), "the data is still there");
}
