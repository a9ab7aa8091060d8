//! Settings in, running servers out, and the levers to stop, kill, freeze and restart them.

pub(crate) mod launch;
mod stop;

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::{StreamExt as _, future::try_join_all, stream::FuturesUnordered};
use serde::{Deserialize, Serialize};

use crate::{
    Child, Credentials, Error, Exit, Part, Settings, Signal,
    data_folder::DataFolder,
    java::Java,
    ports::{Chosen, Leases},
    progress::Shared,
    servers::Archive,
    supervise::{Spec, Supervisor},
};

/// Where the servers can be reached. Parts that the stack does not run have none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Addresses {
    /// Bootstrap server, such as `127.0.0.1:9092`.
    pub kafka: Option<String>,
    /// Where the proxy that [`Settings::kafka_proxy`] names has to forward to.
    pub kafka_proxied: Option<String>,
    /// Base URL of the Confluent API, such as `http://127.0.0.1:8081/apis/ccompat/v7`.
    pub registry: Option<String>,
    /// Such as `http://127.0.0.1:8123`.
    pub clickhouse_http: Option<String>,
    /// Such as `127.0.0.1:9000`.
    pub clickhouse_native: Option<String>,
}

/// A further process that lives and dies with the stack.
#[derive(Clone, Debug)]
pub struct ChildSpec {
    /// What it is called in messages; its log is `logs/<name>.log` unless `log` says otherwise.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables added to this process's environment.
    pub env: BTreeMap<String, String>,
    /// Where its standard output and error go.
    pub log: Option<PathBuf>,
    /// How long it may take to stop when this process is killed (at most 10 s are given).
    pub stop_grace: Duration,
}

/// Running servers. Dropping it stops them too, without waiting for their end.
#[derive(Debug)]
pub struct Stack {
    settings: Settings,
    folder: DataFolder,
    supervisor: Supervisor,
    ports: Chosen,
    leases: Mutex<Leases>,
    java: Option<Java>,
    credentials: Credentials,
    addresses: Addresses,
    progress: Shared,
    packages: HashMap<Part, PathBuf>,
    servers: Mutex<BTreeMap<Part, Server>>,
}

#[derive(Clone, Debug)]
struct Server {
    child: Child,
    archive: Option<Archive>,
}

impl Stack {
    /// Fetches what is missing, starts the servers, and returns when each of them answers.
    ///
    /// Dropping the future stops whatever it has started.
    ///
    /// # Errors
    ///
    /// When something is missing, in use or does not start. Nothing is left running then.
    pub async fn start(settings: Settings, progress: Shared) -> Result<Self, Error> {
        launch::start(settings, progress).await
    }

    /// Where the servers are.
    #[must_use]
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Takes a port on 127.0.0.1 for a process of the caller, and keeps it from other stacks for
    /// as long as this one lives: the one asked for, or the first free one from `first` on.
    ///
    /// # Errors
    ///
    /// When the one asked for is busy, or no port from `first` on is free. `key` names the
    /// setting in the message.
    pub fn take_port(
        &self,
        key: &'static str,
        wish: Option<u16>,
        first: u16,
    ) -> Result<u16, Error> {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.take(key, wish, first)
    }

    /// The ClickHouse accounts.
    #[must_use]
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The data folder, as an absolute path.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.folder.root()
    }

    /// The process of a server, if it runs.
    #[must_use]
    pub fn pid(&self, part: Part) -> Option<u32> {
        let server = self.server(part).ok()?;
        server.child.try_exited().is_none().then(|| server.child.pid())
    }

    /// The process that holds the servers.
    #[must_use]
    pub fn supervisor_pid(&self) -> u32 {
        self.supervisor.pid()
    }

    /// Waits until a server ends, and says which and how.
    ///
    /// Ends that were asked for count as well: do not wait while stopping or restarting.
    pub async fn exited(&self) -> (Part, Exit) {
        let mut ends: FuturesUnordered<_> = self
            .servers()
            .clone()
            .into_iter()
            .map(|(part, server)| async move { (part, server.child.exited().await) })
            .collect();
        match ends.next().await {
            Some(ended) => ended,
            // A stack without servers has none that could end.
            None => std::future::pending().await,
        }
    }

    /// Sends a server a signal: SIGKILL, or SIGSTOP and SIGCONT for a freeze.
    ///
    /// # Errors
    ///
    /// When this stack does not run the part, or has lost its servers.
    pub async fn signal(&self, part: Part, signal: Signal) -> Result<(), Error> {
        self.server(part)?.child.signal(signal).await
    }

    /// Kills a server (SIGKILL) and returns when it is dead.
    ///
    /// # Errors
    ///
    /// As [`Stack::signal`].
    pub async fn kill(&self, part: Part) -> Result<Exit, Error> {
        let server = self.server(part)?;
        server.child.signal(Signal::Kill).await?;
        Ok(server.child.exited().await)
    }

    /// Starts a server again, on its old port and data; stops it first if it runs.
    ///
    /// # Errors
    ///
    /// When this stack does not run the part, or it does not start.
    pub async fn restart(&self, part: Part) -> Result<(), Error> {
        self.stop_part(part).await?;
        let server = launch::server(self, part).await?;
        self.servers().insert(part, server);
        Ok(())
    }

    /// Starts a process that the supervisor holds like the servers.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub async fn start_child(&self, spec: ChildSpec) -> Result<Child, Error> {
        let log = spec.log.unwrap_or_else(|| self.folder.log(&spec.name));
        let grace_ms = u64::try_from(spec.stop_grace.as_millis()).unwrap_or(u64::MAX);
        let spec = Spec {
            name: spec.name,
            program: spec.program,
            args: spec.args,
            env: spec.env,
            env_clear: false,
            dir: None,
            log,
            grace_ms,
            stop_rank: 0,
        };
        self.supervisor.spawn(spec).await
    }

    fn server(&self, part: Part) -> Result<Server, Error> {
        self.servers().get(&part).cloned().ok_or(Error::NoSuchPart { part })
    }

    fn servers(&self) -> std::sync::MutexGuard<'_, BTreeMap<Part, Server>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `work` on every part at once; the first error ends the others.
async fn on_each<T, Work>(parts: &[Part], work: impl Fn(Part) -> Work) -> Result<Vec<T>, Error>
where
    Work: Future<Output = Result<T, Error>>,
{
    try_join_all(parts.iter().map(|part| work(*part))).await
}
