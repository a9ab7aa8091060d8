//! Wires everything together: settings in, a served API and its background work out.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::middleware::from_fn_with_state;
use prometheus::Registry;
use service::{
    Health,
    health::Condition,
    traces::{self, Traces},
};
use tokio::{net::TcpListener, task::JoinSet, time};
use tokio_util::sync::CancellationToken;

use crate::{
    auth::Hosts,
    chores,
    config::Config,
    metrics::Metrics,
    page, routes, spans,
    state::App,
    tls::{Certificate, Peer, TlsListener},
};

/// Pause after the topics could not be made ready.
const PREPARE_AGAIN: Duration = Duration::from_secs(3);

/// The admin API with its ports open.
#[derive(Debug)]
pub struct AdminApi {
    app: App,
    traces: Traces,
    listener: TcpListener,
    health_listener: TcpListener,
    registry: Registry,
    health: Health,
    address: SocketAddr,
    /// What it proves with who it is, if it speaks TLS.
    certificate: Option<Arc<Certificate>>,
    /// Ends the followers and streams of `app`.
    ending: CancellationToken,
}

/// Serves the API until `stop` is cancelled.
///
/// # Errors
///
/// When settings cannot be used, a port is taken, or serving fails.
pub async fn run(config: Config, stop: CancellationToken) -> anyhow::Result<()> {
    AdminApi::bind(config).await?.run(stop).await
}

impl AdminApi {
    /// Opens the ports and reads the tokens. Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// When settings cannot be used or a port is taken.
    pub async fn bind(mut config: Config) -> anyhow::Result<Self> {
        let certificate = match config.tls.files() {
            Some((cert_file, key_file)) => {
                // Nothing but https reaches the page.
                config.auth.cookie_secure = true;
                Some(Arc::new(Certificate::open(cert_file, key_file)?))
            }
            None => None,
        };
        let registry = Registry::new();
        service::build::register(&registry).context("register metrics")?;
        let listen = config.listen;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("open port {listen}, set as listen"))?;
        let address = listener.local_addr().context("read the address of listen")?;
        let health_listener = service::http::bind(config.service.http).await?;
        let hosts = Hosts::new(address, &config.allowed_hosts);
        let metrics = Metrics::register(&registry).context("register metrics")?;
        let instance = traces::unique_instance();
        let traces = Traces::start(&config.traces, "admin-api", &instance, &registry)?;
        let ending = CancellationToken::new();
        let app = App::new(config, hosts, metrics, ending.clone())?;
        tracing::info!(%address, tls = certificate.is_some(), "serving the admin api");
        let health = Health::default();
        Ok(Self {
            app,
            traces,
            listener,
            health_listener,
            registry,
            health,
            address,
            certificate,
            ending,
        })
    }

    /// Where API and page are served.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where health and metrics are served.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn health_address(&self) -> std::io::Result<SocketAddr> {
        self.health_listener.local_addr()
    }

    /// A link that logs an admin in, once, within ten minutes.
    #[must_use]
    pub fn login_link(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/login?code={}", self.address, self.app.auth().one_time_code())
    }

    /// Serves until `stop` is cancelled and open requests are answered.
    ///
    /// # Errors
    ///
    /// When serving fails.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let (pipelines, ending) = (self.health.condition("pipelines"), self.ending);
        let http_stop = CancellationToken::new();
        let http = tokio::spawn(service::http::serve(
            self.health_listener,
            axum::Router::new(),
            self.health,
            self.registry,
            http_stop.clone(),
        ));
        let mut work = JoinSet::new();
        work.spawn(self.app.auth().tokens.clone().watch(ending.clone()));
        work.spawn(prepare(self.app.clone(), pipelines, ending.clone()));
        work.spawn(chores::run(self.app.clone(), ending.clone()));
        work.spawn(page::remember(self.app.clone(), ending.clone()));

        let mut router = routes::router(self.app);
        if let Some(tracer) = self.traces.tracer() {
            router = router.layer(from_fn_with_state(tracer, spans::trace));
        }
        let service = router.into_make_service_with_connect_info::<Peer>();
        let watched = ending.clone();
        let stopping = async move {
            stop.cancelled().await;
            // Streams have no end of their own, and would hold the server up.
            ending.cancel();
        };
        let served = match self.certificate {
            Some(certificate) => {
                work.spawn(certificate.clone().watch(watched));
                let listener = TlsListener::new(self.listener, certificate)?;
                axum::serve(listener, service).with_graceful_shutdown(stopping).await
            }
            None => axum::serve(self.listener, service).with_graceful_shutdown(stopping).await,
        };
        while let Some(ended) = work.join_next().await {
            ended.context("background work panicked")?;
        }
        self.traces.flush().await;
        http_stop.cancel();
        http.await.context("http panicked")??;
        served.context("serve the admin api")
    }
}

/// Makes the store's topics ready, for as long as Kafka takes to be there and to let us.
async fn prepare(app: App, ready: Condition, stop: CancellationToken) {
    loop {
        match app.store().prepare().await {
            Ok(()) => break,
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::warn!(error, "the store is not ready");
                app.set_trouble(Some(error));
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = time::sleep(PREPARE_AGAIN) => {}
        }
    }
    app.set_trouble(None);
    let mut specs = app.specs_changes();
    tokio::select! {
        () = stop.cancelled() => {}
        read = specs.wait_for(Option::is_some) => ready.set(read.is_ok()),
    }
}
