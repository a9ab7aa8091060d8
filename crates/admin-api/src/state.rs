//! What all requests share: the store and its followers, clients of the servers, who may.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::Context as _;
use pipeline_spec::store::{Snapshot, StatusSnapshot, Store};
use registry_client::Client as Registry;
use service::problem::Problem;
use target::Target;
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{Auth, Hosts},
    chores::Setbacks,
    config::Config,
    kafka::Kafka,
    metrics::Metrics,
    page, problem,
    rest::topics::Rates,
};

/// How long an answer waits until this process, too, has read what it has written.
const SEEN_WITHIN: Duration = Duration::from_secs(2);

/// What all requests share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    store: Store,
    specs: watch::Receiver<Option<Arc<Snapshot>>>,
    /// Why there are none yet.
    trouble: RwLock<Option<String>>,
    statuses: watch::Receiver<Option<Arc<StatusSnapshot>>>,
    kafka: Kafka,
    registry: Registry,
    target: Target,
    http: reqwest::Client,
    auth: Auth,
    hosts: Hosts,
    metrics: Metrics,
    rates: Rates,
    page: page::Memory,
    setbacks: Setbacks,
    stop: CancellationToken,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl App {
    pub(crate) fn new(
        config: Config,
        hosts: Hosts,
        metrics: Metrics,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let store = Store::new(crate::kafka::client(&config), &config.namespace);
        let http = reqwest::Client::builder()
            .user_agent("penstock")
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_millis(config.limits.request_ms_max.get()))
            .build()
            .context("set up http")?;
        let shared = Shared {
            specs: store.follow(stop.clone()),
            trouble: RwLock::default(),
            statuses: store.follow_status(stop.clone()),
            store,
            kafka: Kafka::new(&config).context("create kafka client")?,
            registry: Registry::new(config.registry()).context("registry")?,
            target: Target::new(config.target()).context("clickhouse")?,
            http,
            auth: Auth::new(&config)?,
            hosts,
            metrics,
            rates: Rates::default(),
            page: page::Memory::default(),
            setbacks: Setbacks::default(),
            stop,
            config,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Where pipelines are kept.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// All pipelines as they were read last.
    ///
    /// # Errors
    ///
    /// While they have not been read for the first time.
    pub fn specs(&self) -> Result<Arc<Snapshot>, Problem> {
        let specs = self.shared.specs.borrow().clone();
        specs.ok_or_else(|| {
            let trouble = self.shared.trouble.read().unwrap_or_else(PoisonError::into_inner);
            let why = trouble.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            problem::not_ready(format!("the pipelines have not been read from kafka yet{why}"))
        })
    }

    /// Notes why the store's topics are not ready, or that they are.
    pub(crate) fn set_trouble(&self, why: Option<String>) {
        *self.shared.trouble.write().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// What sinks reported last; nothing while that has not been read.
    #[must_use]
    pub fn status(&self) -> Arc<StatusSnapshot> {
        self.shared.statuses.borrow().clone().unwrap_or_default()
    }

    /// Changes whenever a pipeline does.
    #[must_use]
    pub fn specs_changes(&self) -> watch::Receiver<Option<Arc<Snapshot>>> {
        self.shared.specs.clone()
    }

    /// Changes whenever sinks report, at most four times a second.
    #[must_use]
    pub fn status_changes(&self) -> watch::Receiver<Option<Arc<StatusSnapshot>>> {
        self.shared.statuses.clone()
    }

    /// What this process could not do lately for pipelines that wait for it.
    pub(crate) fn setbacks(&self) -> &Setbacks {
        &self.shared.setbacks
    }

    /// Cancelled when the process stops: streams must end then.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.shared.stop.clone()
    }

    /// Waits a moment until a change is visible here too, so that whoever made it reads it.
    pub(crate) async fn until_seen(&self, seen: impl FnMut(&Snapshot) -> bool) {
        let mut seen = seen;
        let mut specs = self.shared.specs.clone();
        let waited = specs.wait_for(|specs| specs.as_deref().is_some_and(&mut seen));
        if time::timeout(SEEN_WITHIN, waited).await.is_err() {
            tracing::debug!("a change was written and is not read back yet");
        }
    }

    pub(crate) fn kafka(&self) -> &Kafka {
        &self.shared.kafka
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    pub(crate) fn target(&self) -> &Target {
        &self.shared.target
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.shared.http
    }

    pub(crate) fn auth(&self) -> &Auth {
        &self.shared.auth
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.shared.hosts
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.shared.rates
    }

    /// What the page remembers of the last minutes.
    #[must_use]
    pub fn page(&self) -> &page::Memory {
        &self.shared.page
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }
}
