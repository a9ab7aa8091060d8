//! Promise: where a collector is named, every batch is told as one trace; one that does not answer
//! costs nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use testkit::{Collector, Proxy, Record, Span, eventually};

use crate::{
    fixture::{PATIENCE, SCHEMA, Scene, partition, row},
    process::Sink,
};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const SPANS: &str = "penstock_trace_spans_total";

/// Spans that wait in the tests in which the collector takes none.
const QUEUE_MAX: u8 = 8;

/// Span of the `n`-th producer.
fn producer(n: u64) -> (String, String) {
    (format!("{:032x}", n + 1), format!("{:016x}", n + 1))
}

fn traced(value: Vec<u8>, n: u64) -> Record {
    let (trace, span) = producer(n);
    Record::of(value).with_header("traceparent", format!("00-{trace}-{span}-01"))
}

/// The roots, each with its children by the first word of their names.
fn traces(spans: &[Span]) -> Vec<(Span, BTreeMap<String, Span>)> {
    let roots = spans.iter().filter(|span| span.parent.is_empty());
    let tree = roots.map(|root| {
        let mine = spans.iter().filter(|span| span.parent == root.id && span.trace == root.trace);
        let word = |span: &Span| span.name.split(' ').next().unwrap_or_default().to_owned();
        (root.clone(), mine.map(|span| (word(span), span.clone())).collect())
    });
    tree.collect()
}

fn check_trace(scene: &Scene, root: &Span, children: &BTreeMap<String, Span>) {
    let topic = scene.topic.as_str();
    assert_eq!(root.name, format!("process {topic}"));
    assert_eq!(root.kind, "Consumer");
    let group = scene.group();
    let expected = [
        ("messaging.system", "kafka"),
        ("messaging.operation.name", "process"),
        ("messaging.operation.type", "process"),
        ("messaging.destination.name", topic),
        ("messaging.consumer.group.name", &group),
        ("penstock.pipeline", &scene.name),
        ("penstock.replayed", "false"),
    ];
    for (key, value) in expected {
        assert_eq!(root.attributes[key], value, "{key}");
    }
    assert_eq!(root.resource["service.name"], "sink");
    assert_eq!(root.resource["service.version"], service::build::VERSION);
    assert_eq!(root.resource["service.instance.id"], "one");
    assert_eq!(root.resource["team"], "retail");
    assert!(root.attributes["penstock.token"].starts_with(&format!("{topic}:")));

    let names: Vec<&str> = children.values().map(|child| child.name.as_str()).collect();
    let insert = format!("INSERT {}", scene.table());
    let commits = [format!("announce {topic}"), format!("commit {topic}")];
    assert_eq!(names, [&insert, &commits[0], &commits[1]]);
    let [insert, announce, commit] = ["INSERT", "announce", "commit"].map(|name| &children[name]);
    assert_eq!(insert.attributes["db.system.name"], "clickhouse");
    assert_eq!(
        insert.attributes["db.operation.batch.size"],
        root.attributes["messaging.batch.message_count"]
    );
    for settle in [announce, commit] {
        assert_eq!(settle.attributes["messaging.operation.type"], "settle");
    }
    assert!(root.times.0 <= announce.times.0, "announced before it was opened");
    assert!(announce.times.1 <= insert.times.0, "inserted before it was announced");
    assert!(insert.times.1 <= commit.times.1, "committed before it was inserted");
    assert_eq!(commit.times.1, root.times.1);
    for span in [root, insert, announce, commit] {
        assert!(span.times.0 <= span.times.1 && !span.failed, "{span:?}");
        assert!(!span.attributes.contains_key("error.type"), "{span:?}");
    }
}

#[tokio::test]
async fn every_batch_is_one_trace() -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let mut scene = Scene::new(2).await?;
    scene.document = "batch: {rows_max: 100}\n".to_owned();
    scene.env = vec![
        (ENDPOINT, collector.url.clone()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hidden".to_owned()),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=retail".to_owned()),
        ("OTEL_BSP_SCHEDULE_DELAY", "200".to_owned()),
        ("SINK__STATUS__INSTANCE", "one".to_owned()),
    ];
    let id = scene.register(SCHEMA).await?;
    // The first record of each partition is not traced, the others have a span each.
    let records = (0..1_000).map(|n| {
        let value = row(id, n, "row");
        let record = if n < 2 { Record::of(value) } else { traced(value, n.unsigned_abs()) };
        record.to_partition(partition(n, 2))
    });
    scene.produce(records.collect()).await?;
    let sink = scene.sink().await?;
    scene.until_committed(1_000).await?;
    assert!(!sink.log_has("hidden"));
    sink.until_metric(SPANS, "sent", 1.0).await?;
    assert!(sink.stop().await?.success());

    let traces = traces(&collector.spans());
    assert_eq!(traces.iter().map(|(_, children)| children.len() + 1).sum::<usize>(), {
        collector.spans().len()
    });
    let number = |span: &Span, key: &str| span.attributes[key].parse::<i64>();
    let mut next = [0_i64; 2];
    let mut ordered: Vec<_> = traces.iter().collect();
    ordered.sort_by_key(|(root, _)| number(root, "messaging.kafka.offset").unwrap_or(-1));
    for (root, children) in ordered {
        check_trace(&scene, root, children);
        // Together they tell of every record, and of none twice.
        let partition = usize::try_from(number(root, "messaging.destination.partition.id")?)?;
        let first = number(root, "messaging.kafka.offset")?;
        assert_eq!(first, next[partition]);
        next[partition] = number(root, "penstock.offset.last")? + 1;
        assert_eq!(number(root, "messaging.batch.message_count")?, next[partition] - first);
        // The producers of its first records, as many as may be.
        let from = if first == 0 { 1 } else { first };
        let to = next[partition].min(from + 8);
        let linked = (from..to).map(|n| producer((n * 2).unsigned_abs() + partition as u64));
        assert_eq!(root.links, linked.collect::<Vec<_>>());
    }
    assert_eq!(next, [500, 500]);
    let authorizations: BTreeSet<String> = collector.authorizations().into_iter().collect();
    assert_eq!(authorizations.into_iter().collect::<Vec<_>>(), ["Bearer hidden"]);
    scene.expect_ids(0..1_000).await
}

#[tokio::test]
async fn failed_attempts_are_told_with_their_type() -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let mut scene = Scene::new(1).await?;
    let proxy = Proxy::start(&scene.servers.clickhouse_http).await?;
    scene.clickhouse_url = proxy.url(&scene.servers.clickhouse_http);
    scene.env = vec![(ENDPOINT, collector.url.clone())];
    let id = scene.register(SCHEMA).await?;
    let sink = scene.sink().await?;
    scene.produce_rows(id, 0..10, 1).await?;
    scene.until_committed(10).await?;
    proxy.refuse();
    proxy.cut();
    scene.produce_rows(id, 10..20, 1).await?;
    sink.until_metric("penstock_sink_insert_retries_total", "", 1.0).await?;
    proxy.resume();
    scene.until_committed(20).await?;
    // This column takes nothing: refused until a person acts.
    scene.sql("ALTER TABLE {t} ADD CONSTRAINT small CHECK id < 20").await?;
    scene.produce_rows(id, 20..21, 1).await?;
    sink.until_stopped("insert-refused", 1.0).await?;
    assert!(sink.stop().await?.success());

    let spans = collector.spans();
    let (_, delayed) = traces(&spans)
        .into_iter()
        .find(|(root, _)| root.attributes["messaging.kafka.offset"] == "10")
        .expect("a trace of the delayed batch");
    let (event, attributes) = &delayed["INSERT"].events[0];
    assert_eq!(event, "attempt failed");
    assert_eq!(attributes["error.type"], "unreachable");
    assert_eq!(attributes["penstock.attempt"], "1");
    assert!(!delayed["INSERT"].failed);

    let (root, refused) = traces(&spans)
        .into_iter()
        .find(|(root, _)| root.attributes["messaging.kafka.offset"] == "20")
        .expect("a trace of the refused batch");
    assert!(!refused.contains_key("commit"));
    for span in [&root, &refused["INSERT"]] {
        assert!(span.failed, "{span:?}");
        assert_eq!(span.attributes["error.type"], "insert-refused");
    }
    let (_, attributes) = &refused["INSERT"].events[0];
    assert_eq!(attributes["error.type"], "VIOLATED_CONSTRAINT");
    Ok(())
}

/// More spans than may wait, and no pause between requests.
fn hurry(scene: &mut Scene, endpoint: String, timeout_ms: u32) {
    scene.document = "batch: {rows_max: 10}\n".to_owned();
    scene.env = vec![
        (ENDPOINT, endpoint),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", timeout_ms.to_string()),
        ("OTEL_BSP_SCHEDULE_DELAY", "10".to_owned()),
        ("OTEL_BSP_MAX_QUEUE_SIZE", QUEUE_MAX.to_string()),
    ];
}

/// Stops the sink; returns its log and how long that took.
async fn stopped(sink: Sink) -> anyhow::Result<(String, Duration)> {
    let stopping = Instant::now();
    let (status, log) = sink.stop_with_log().await?;
    assert!(status.success());
    Ok((log, stopping.elapsed()))
}

fn told(log: &str) -> Vec<&str> {
    let lines = log.lines().filter(|line| line.contains("\"WARN\""));
    lines.filter(|line| line.contains("collector") || line.contains("traces")).collect()
}

#[tokio::test]
async fn without_a_collector_the_sink_goes_on() -> anyhow::Result<()> {
    let absent = Proxy::unconnected().await?;
    absent.refuse();
    let mut scene = Scene::new(1).await?;
    hurry(&mut scene, absent.url("http://127.0.0.1:4318"), 10_000);
    let id = scene.register(SCHEMA).await?;
    let sink = scene.sink().await?;
    scene.produce_rows(id, 0..500, 1).await?;
    scene.until_committed(500).await?;
    sink.until_metric(SPANS, "dropped", 1.0).await?;
    sink.until_metric(SPANS, "failed", 1.0).await?;
    assert_eq!(sink.metric(SPANS, "sent").await?, 0.0);
    let (log, took) = stopped(sink).await?;
    assert!(took < Duration::from_secs(5), "stopped after {took:?}");
    assert_eq!(told(&log).len(), 1, "{log}");
    scene.expect_ids(0..500).await
}

/// A collector that reads and never answers: a request waits until the sink is stopped.
#[tokio::test]
async fn while_a_request_hangs_all_rows_land_and_the_sink_stops_in_time() -> anyhow::Result<()> {
    let collector = Collector::silent().await?;
    let mut scene = Scene::new(1).await?;
    hurry(&mut scene, collector.url.clone(), 600_000);
    let id = scene.register(SCHEMA).await?;
    let sink = scene.sink().await?;
    scene.produce_rows(id, 0..10, 1).await?;
    eventually("a request hangs", PATIENCE, async || collector.unanswered() > 0).await?;

    scene.produce_rows(id, 10..500, 1).await?;
    scene.until_committed(500).await?;
    scene.expect_ids(0..500).await?;
    sink.until_metric(SPANS, "dropped", 1.0).await?;
    assert_eq!(collector.unanswered(), 1, "that of before hangs, and there is no other");
    for outcome in ["sent", "failed"] {
        assert_eq!(sink.metric(SPANS, outcome).await?, 0.0, "{outcome}");
    }

    let (log, took) = stopped(sink).await?;
    // Three seconds for the last spans.
    assert!(took < Duration::from_secs(8), "stopped after {took:?}");
    let told = told(&log);
    assert!(told.len() == 1 && told[0].contains("the last traces were not sent"), "{told:?}");
    Ok(())
}

/// The same collector, and a limit to a request's time.
#[tokio::test]
async fn requests_without_an_answer_are_given_up_and_told_once() -> anyhow::Result<()> {
    let collector = Collector::silent().await?;
    let mut scene = Scene::new(1).await?;
    hurry(&mut scene, collector.url.clone(), 50);
    let id = scene.register(SCHEMA).await?;
    let sink = scene.sink().await?;
    scene.produce_rows(id, 0..500, 1).await?;
    scene.until_committed(500).await?;
    scene.expect_ids(0..500).await?;
    sink.until_metric(SPANS, "dropped", 1.0).await?;
    // No request has more spans than the queue: at least two were given up.
    sink.until_metric(SPANS, "failed", f64::from(QUEUE_MAX) + 1.0).await?;
    assert!(collector.unanswered() >= 4, "{} requests", collector.unanswered());
    assert_eq!(sink.metric(SPANS, "sent").await?, 0.0);

    let (log, took) = stopped(sink).await?;
    assert!(took < Duration::from_secs(5), "stopped after {took:?}");
    let told = told(&log);
    assert!(told.len() == 1 && told[0].contains("the collector does not take"), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn variables_that_cannot_be_used_end_the_start() -> anyhow::Result<()> {
    let cases = [
        ((ENDPOINT, "collector:4318"), ("OTEL_TRACES_SAMPLER", "always_on")),
        ((ENDPOINT, "http://127.0.0.1:4318"), ("OTEL_TRACES_SAMPLER", "sometimes")),
    ];
    for (one, other) in cases {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_sink"))
            .envs([one, other])
            .kill_on_drop(true)
            .output()
            .await?;
        assert_eq!(output.status.code(), Some(78));
        let named = if other.1 == "sometimes" { other.0 } else { ENDPOINT };
        assert!(String::from_utf8_lossy(&output.stdout).contains(named));
    }
    Ok(())
}
