//! Configuration in, a running producer out: wires the modules together and owns the thread.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    thread,
};

use anyhow::{Context, anyhow};
use apache_avro::Schema;
use rdkafka::producer::BaseProducer;
use registry_client::{Client, NewSchema, SchemaKind};
use service::{Health, health::Condition};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::{
    acknowledge::{Acknowledge, Ledger, Stats},
    config::{Config, WorkloadName},
    encode::Encoder,
    generate::Generate,
    http,
    metrics::Metrics,
    properties,
    sales::{SALES_SCHEMA, Sales},
    steer::Steer,
    topic,
};

/// Generates events as `config` says, until `stop` is cancelled or all events are acknowledged.
///
/// # Errors
///
/// When the configuration is contradictory, a server cannot be reached or refuses, the HTTP port
/// is taken, or an event cannot be delivered.
pub async fn run(config: Config, stop: CancellationToken) -> anyhow::Result<()> {
    Producer::new(config)?.run(stop).await
}

/// A producer that has not started.
#[derive(Debug)]
pub struct Producer {
    config: Config,
    handle: Handle,
    health: Health,
    /// Hold once the registry has the schema, and once Kafka has the topic.
    ready: [Condition; 2],
    registry: prometheus::Registry,
}

/// Steers and watches a producer, before, while and after it runs. Clones are the same handle.
#[derive(Clone, Debug)]
pub struct Handle {
    steer: Arc<Steer>,
    ledger: Arc<Ledger>,
    metrics: Metrics,
    http: Arc<OnceLock<SocketAddr>>,
}

impl Handle {
    /// Returns what became of the events so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.ledger.stats()
    }

    /// Returns the address of the HTTP port, once it is open.
    #[must_use]
    pub fn http(&self) -> Option<SocketAddr> {
        self.http.get().copied()
    }

    /// Returns the rate that was asked for, in events per second; 0 = as fast as possible.
    #[must_use]
    pub fn rate_per_sec(&self) -> u32 {
        self.steer.rate_per_sec()
    }

    /// Sets the rate in events per second; 0 = as fast as possible.
    pub fn set_rate_per_sec(&self, rate_per_sec: u32) {
        self.steer.set_rate_per_sec(rate_per_sec);
        self.steered();
    }

    /// Says whether the producer is paused.
    #[must_use]
    pub fn paused(&self) -> bool {
        self.steer.paused()
    }

    /// Stops making events; those sent are still acknowledged.
    pub fn pause(&self) {
        self.steer.set_paused(true);
        self.steered();
    }

    /// Goes on after a pause, without making up for it.
    pub fn resume(&self) {
        self.steer.set_paused(false);
        self.steered();
    }

    fn steered(&self) {
        self.metrics.steered(self.rate_per_sec(), self.paused());
    }
}

impl Producer {
    /// Checks the configuration. Nothing is started or connected yet.
    ///
    /// # Errors
    ///
    /// When values contradict each other.
    pub fn new(config: Config) -> anyhow::Result<Self> {
        config.check()?;
        let registry = prometheus::Registry::new();
        service::build::register(&registry).context("register metrics")?;
        let metrics = Metrics::register(&registry).context("register metrics")?;
        let handle = Handle {
            steer: Arc::new(Steer::new(config.workload.rate_per_sec)),
            ledger: Arc::default(),
            metrics,
            http: Arc::default(),
        };
        handle.steered();
        let health = Health::default();
        let ready = [health.condition("registry"), health.condition("kafka")];
        Ok(Self { config, handle, health, ready, registry })
    }

    /// Returns a handle for this producer.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs until `stop` is cancelled or all events are acknowledged. At `stop` no more events
    /// are made and those sent are waited for. When this future is dropped, they are given up.
    ///
    /// # Errors
    ///
    /// As [`run`].
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let listener = service::http::bind(self.config.service.http).await?;
        let address = listener.local_addr().context("read address of http port")?;
        self.handle.http.get_or_init(|| address);
        let served = CancellationToken::new();
        let _served = served.clone().drop_guard();
        let routes = http::routes(self.handle.clone());
        let (health, registry) = (self.health.clone(), self.registry.clone());
        let mut http =
            tokio::spawn(service::http::serve(listener, routes, health, registry, served));

        tokio::select! {
            outcome = self.work(stop) => outcome,
            ended = &mut http => ended.context("serve http")?.and(Err(anyhow!("http ended early"))),
        }
    }

    async fn work(&self, stop: CancellationToken) -> anyhow::Result<()> {
        let prepared = tokio::select! {
            prepared = self.prepare() => prepared?,
            () = stop.cancelled() => return Ok(()),
        };
        let mut thread = GeneratorThread::spawn(prepared, self.handle.steer.clone())?;
        let outcome = tokio::select! {
            outcome = &mut thread.outcome => outcome,
            () = stop.cancelled() => {
                self.handle.steer.drain();
                (&mut thread.outcome).await
            }
        };
        let stats = self.handle.stats();
        let (acknowledged, failed) = (stats.acknowledged, stats.failed);
        tracing::info!(acknowledged, failed, "generator ended");
        outcome.map_err(|_| anyhow!("the generator's thread panicked"))?
    }

    /// Reaches the servers: registers the schema, creates the topic, creates the producer.
    async fn prepare(&self) -> anyhow::Result<Prepared> {
        let [registry, kafka] = &self.ready;
        let WorkloadName::Sales = self.config.workload.name;
        let client = Client::new(self.config.registry.settings(&self.config.secrets.registry))?;
        let subject = format!("{}-value", self.config.kafka.topic);
        let schema = NewSchema {
            kind: SchemaKind::Avro,
            text: SALES_SCHEMA.to_owned(),
            references: Vec::new(),
        };
        let schema_id = client.register(&subject, &schema).await?;
        registry.set(true);

        topic::create_if_missing(&self.config).await?;
        kafka.set(true);

        let ledger = Acknowledge(Arc::clone(&self.handle.ledger));
        let producer = properties::producer(&self.config)
            .create_with_context(ledger)
            .context("create producer")?;
        let workload = &self.config.workload;
        let seed = match workload.seed {
            0 => uuid::Uuid::new_v4().as_u64_pair().0,
            seed => seed,
        };
        let topic = &self.config.kafka.topic;
        let rate_per_sec = self.handle.rate_per_sec();
        tracing::info!(
            topic,
            schema_id,
            seed,
            rate_per_sec,
            events = workload.events,
            "generating"
        );
        Ok(Prepared {
            producer,
            schema_id,
            seed,
            config: self.config.clone(),
            handle: self.handle.clone(),
        })
    }
}

/// What the thread is made from; the schema, which the encoder borrows, lives on its stack.
struct Prepared {
    producer: BaseProducer<Acknowledge>,
    schema_id: u32,
    seed: u64,
    config: Config,
    handle: Handle,
}

impl Prepared {
    fn generate(self) -> anyhow::Result<()> {
        let Self { producer, schema_id, seed, config, handle } = self;
        handle.steer.take_seat();
        let schema = Schema::parse_str(SALES_SCHEMA).context("parse schemas/sales.avsc")?;
        let generate = Generate {
            producer,
            encoder: Encoder::new(&schema, schema_id)?,
            sales: Sales::new(seed),
            topic: config.kafka.topic,
            events_max: if config.workload.events == 0 { u64::MAX } else { config.workload.events },
            first_ts_ms: Some(config.workload.first_ts_ms).filter(|first| *first > 0),
            in_flight_max: config.kafka.records_in_flight_max.get() as u64,
            steer: handle.steer,
            ledger: handle.ledger,
            metrics: handle.metrics,
        };
        generate.run()
    }
}

/// The thread, which ends at once when this is dropped.
struct GeneratorThread {
    outcome: oneshot::Receiver<anyhow::Result<()>>,
    steer: Arc<Steer>,
}

impl GeneratorThread {
    fn spawn(prepared: Prepared, steer: Arc<Steer>) -> anyhow::Result<Self> {
        let (sender, outcome) = oneshot::channel();
        thread::Builder::new()
            .name("generate".to_owned())
            .spawn(move || {
                if sender.send(prepared.generate()).is_err() {
                    tracing::debug!("nobody waits for the generator any more");
                }
            })
            .context("start the generator's thread")?;
        Ok(Self { outcome, steer })
    }
}

impl Drop for GeneratorThread {
    fn drop(&mut self) {
        self.steer.abort();
    }
}
