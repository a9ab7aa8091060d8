//! A stack of one's own can be treated badly.

use std::time::Duration;

use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer as _},
};
use testkit::{Kafka, Part, Proxy, Record, Signal, eventually, own_stack, unique};

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

// Two threads: the proxy has to go on while this one waits for the metadata.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_a_broker_behind_a_proxy_stay_behind_it() {
    let proxy = Proxy::unconnected().await.unwrap();
    let port = proxy.address().port();
    let own =
        own_stack(&[Part::Kafka], |settings| settings.kafka_proxy = Some(port)).await.unwrap();
    proxy.forward_to(own.stack().addresses().kafka_proxied.as_ref().unwrap());
    let (direct, behind) = (own.kafka().unwrap(), Kafka::new(&proxy.address().to_string()));
    let topic = unique("topic");
    behind.create_topic(&topic, 1, &[]).await.unwrap();
    behind.produce(&topic, [Record::of("a")]).await.unwrap();
    assert_eq!(direct.end_offsets(&topic).await.unwrap()[&0], 1);

    // Where the broker sends its clients: had it named its own port, none would stay.
    let client: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", behind.brokers()).create().unwrap();
    let told = client.fetch_metadata(None, Duration::from_secs(20)).unwrap();
    assert_eq!(told.brokers()[0].port(), i32::from(port));
    own.stop().await.unwrap();
}
