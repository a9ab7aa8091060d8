//! Settings in, a formatted and configured Kafka broker of one node out.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rdkafka::{
    ClientConfig, ClientContext, Statistics,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    error::KafkaError,
};

use super::{ANSWER_WITHIN, ASK_EVERY, Archive, Context, jvm};
use crate::{
    error::{Error, io_error},
    ports::Chosen,
    settings::{Part, Settings},
    supervise::{Spec, Supervisor},
    tail::tail,
};

/// A year: offsets of a group that is not running must outlive a holiday.
const OFFSETS_RETENTION_MINUTES: u32 = 365 * 24 * 60;
/// Most bytes that one partition keeps: enough for tens of millions of events, and no disk
/// fills unnoticed.
const RETENTION_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Bytes of one log segment.
const SEGMENT_BYTES: u64 = 256 * 1024 * 1024;
/// Size limit of each log file of the broker.
const LOG_SIZE: &str = "10MB";

/// Writes the configuration and formats the storage, once.
pub(crate) async fn prepare(c: Context<'_>, supervisor: &Supervisor) -> Result<(), Error> {
    let folder = c.folder;
    let logging = folder.conf("log4j2.properties");
    fs::write(&logging, log_settings(&folder.log("kafka-server")))
        .map_err(io_error("write", &logging))?;
    let properties = folder.conf("server.properties");
    fs::write(&properties, properties_of(c)).map_err(io_error("write", &properties))?;
    if folder.data("kafka").join("meta.properties").exists() {
        return Ok(());
    }
    let child = supervisor.spawn(format_spec(c)).await?;
    let exit = child.exited().await;
    if exit.code == Some(0) {
        return Ok(());
    }
    let (log, how) = (child.log().to_owned(), format!("formatting its storage: {exit}"));
    Err(Error::Ended { part: Part::Kafka, how, tail: tail(&log), log })
}

fn format_spec(c: Context<'_>) -> Spec {
    // It lives for a second: the compiler that starts fast, and little memory.
    let mut args: Vec<String> =
        ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-cp"].map(String::from).into();
    args.push(class_path(c.package));
    args.extend(["kafka.tools.StorageTool", "format", "-t"].map(String::from));
    args.push(cluster_id());
    args.push("-c".to_owned());
    args.push(c.folder.conf("server.properties").to_string_lossy().into_owned());
    Spec { args, log: c.folder.log("kafka-format"), grace_ms: 1000, ..base_spec(c) }
}

/// How the broker is started.
pub(crate) fn spec(c: Context<'_>, archive: &Archive) -> Spec {
    let mut args = jvm::flags(c.settings.kafka_heap_mib, archive);
    let logging = c.folder.conf("log4j2.properties");
    args.push(format!("-Dlog4j2.configurationFile={}", logging.display()));
    args.push("-cp".to_owned());
    args.push(class_path(c.package));
    args.push("kafka.Kafka".to_owned());
    args.push(c.folder.conf("server.properties").to_string_lossy().into_owned());
    Spec { args, ..base_spec(c) }
}

fn base_spec(c: Context<'_>) -> Spec {
    Spec {
        name: Part::Kafka.to_string(),
        program: c.java.map_or_else(|| PathBuf::from("java"), crate::java::Java::program),
        args: Vec::new(),
        env: BTreeMap::new(),
        env_clear: true,
        dir: Some(c.folder.root().to_owned()),
        log: c.folder.log(Part::Kafka.name()),
        grace_ms: 10_000,
        stop_rank: 1,
    }
}

/// The star is for the JVM, which expands it itself.
fn class_path(package: &Path) -> String {
    package.join("lib/*").to_string_lossy().into_owned()
}

/// 22 characters that name this cluster: a random 128-bit number in Kafka's alphabet.
pub(crate) fn cluster_id() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let number: u128 = rand::random();
    // The last digit holds the two bits that are left; a leading '-' would look like an option.
    let digits = (0..22).map(|digit| {
        let bits = if digit == 21 { (number & 3) << 4 } else { (number >> (2 + 6 * digit)) & 63 };
        let index = usize::try_from(bits).unwrap_or(0);
        if digit == 0 { ALPHABET[index % 62] } else { ALPHABET[index] }
    });
    digits.map(char::from).collect()
}

fn properties_of(c: Context<'_>) -> String {
    server_properties(c.settings, c.ports, &c.folder.data("kafka"))
}

/// `server.properties` of a broker with its data in `data`.
pub(crate) fn server_properties(settings: &Settings, ports: &Chosen, data: &Path) -> String {
    let (extra, proxy) = (&settings.kafka_extra, settings.kafka_proxy);
    let (port, controller) = (ports.kafka, ports.kafka_controller);
    let mut settings: BTreeMap<String, String> = [
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", "1".to_owned()),
        ("controller.quorum.voters", format!("1@127.0.0.1:{controller}")),
        ("listeners", format!("CLIENTS://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}")),
        ("advertised.listeners", format!("CLIENTS://127.0.0.1:{port}")),
        ("listener.security.protocol.map", "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned()),
        ("inter.broker.listener.name", "CLIENTS".to_owned()),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        ("log.dirs", data.to_string_lossy().into_owned()),
        ("auto.create.topics.enable", "false".to_owned()),
        ("offsets.retention.minutes", OFFSETS_RETENTION_MINUTES.to_string()),
        ("log.retention.bytes", RETENTION_BYTES.to_string()),
        ("log.segment.bytes", SEGMENT_BYTES.to_string()),
        // One node: every internal topic has one copy.
        ("offsets.topic.replication.factor", "1".to_owned()),
        ("transaction.state.log.replication.factor", "1".to_owned()),
        ("transaction.state.log.min.isr", "1".to_owned()),
        ("share.coordinator.state.topic.replication.factor", "1".to_owned()),
        ("share.coordinator.state.topic.min.isr", "1".to_owned()),
        // Fewer files and threads than a cluster needs.
        ("offsets.topic.num.partitions", "4".to_owned()),
        ("transaction.state.log.num.partitions", "4".to_owned()),
        ("log.cleaner.dedupe.buffer.size", (16 * 1024 * 1024).to_string()),
        // Groups start at once, and a broker that was killed is back in 3 s rather than in 12.
        ("group.initial.rebalance.delay.ms", "0".to_owned()),
        ("broker.session.timeout.ms", "2000".to_owned()),
        ("broker.heartbeat.interval.ms", "500".to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    if let Some(proxy) = proxy {
        let proxied = ports.kafka_proxied;
        let more = [
            ("listeners", format!(",PROXIED://127.0.0.1:{proxied}")),
            ("advertised.listeners", format!(",PROXIED://127.0.0.1:{proxy}")),
            ("listener.security.protocol.map", ",PROXIED:PLAINTEXT".to_owned()),
        ];
        for (key, more) in more {
            settings.entry(key.to_owned()).or_default().push_str(&more);
        }
    }
    settings.extend(extra.iter().cloned());
    let line = |(key, value): (&String, &String)| {
        // In a properties file a backslash begins an escape.
        format!("{key}={}\n", value.replace('\\', "\\\\"))
    };
    settings.iter().map(line).collect()
}

fn log_settings(file: &Path) -> String {
    let file = file.display();
    format!(
        "status=error\n\
         appender.file.type=RollingFile\n\
         appender.file.name=File\n\
         appender.file.fileName={file}\n\
         appender.file.filePattern={file}.%i\n\
         appender.file.layout.type=PatternLayout\n\
         appender.file.layout.pattern=%d %-5p %c{{1}} %m%n\n\
         appender.file.policies.type=Policies\n\
         appender.file.policies.size.type=SizeBasedTriggeringPolicy\n\
         appender.file.policies.size.size={LOG_SIZE}\n\
         appender.file.strategy.type=DefaultRolloverStrategy\n\
         appender.file.strategy.max=2\n\
         rootLogger.level=info\n\
         rootLogger.appenderRef.file.ref=File\n"
    )
}

/// Returns once the broker has answered a request for metadata with itself in it.
pub(crate) async fn ready(address: String) {
    let given_up = GivenUp::default();
    let asking = given_up.clone();
    let asked =
        tokio::task::spawn_blocking(
            move || {
                while !asking.is_so() && !ask(&address).unwrap_or(false) {}
            },
        );
    // Its only failure is a runtime that is shutting down.
    drop(asked.await);
    drop(given_up);
}

/// Tells a thread that nobody waits for it any more: so when the first of its clones is dropped.
#[derive(Clone, Debug, Default)]
struct GivenUp(Arc<AtomicBool>);

impl GivenUp {
    fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn ask(address: &str) -> Result<bool, KafkaError> {
    let consumer: BaseConsumer<Silent> = ClientConfig::new()
        .set("bootstrap.servers", address)
        .set("reconnect.backoff.ms", ASK_EVERY.as_millis().to_string())
        .set("reconnect.backoff.max.ms", (4 * ASK_EVERY.as_millis()).to_string())
        .set("client.id", "penstock-readiness")
        .create_with_context(Silent)?;
    Ok(!consumer.fetch_metadata(None, ANSWER_WITHIN)?.brokers().is_empty())
}

/// Refused connections are what one expects of a server that is starting: no word about them.
struct Silent;

impl ClientContext for Silent {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {}
    fn error(&self, _error: KafkaError, _reason: &str) {}
    fn stats(&self, _statistics: Statistics) {}
}

impl ConsumerContext for Silent {}

#[cfg(test)]
mod tests;
