//! A wish for servers in, servers that belong to one test out.

use std::{
    fs::{File, OpenOptions, TryLockError},
    time::Duration,
};

use anyhow::Context as _;
use local_stack::{FirstPorts, Part, Settings, progress, runtime_dir};
use tempfile::TempDir;

use crate::{
    ClickHouse, Kafka, Registry, Servers, Stack, binary,
    choose::{Kind, kind},
    containers::Containers,
    servers::of_file,
};

/// How often the lock is tried.
const LOCK_EVERY: Duration = Duration::from_millis(200);
/// Out of the way of the stack that all other tests share.
const FIRST_PORTS: FirstPorts =
    FirstPorts { kafka: 29092, registry: 28081, clickhouse_http: 28123, clickhouse_native: 29000 };

/// Servers that a test may stop, kill, freeze and reconfigure. Gone with this value.
#[derive(Debug)]
pub struct OwnStack {
    // Dropped in this order: the servers, their data, the lock.
    stack: Option<Stack>,
    _data: TempDir,
    _turn: File,
}

/// Starts `parts` with `tweak`ed settings, as processes or in containers as [`stack`](crate::stack)
/// does. Only one test at a time on this machine has such a
/// stack; the others wait here.
///
/// # Errors
///
/// When the servers do not start.
pub async fn own_stack(
    parts: &[Part],
    tweak: impl FnOnce(&mut Settings),
) -> anyhow::Result<OwnStack> {
    let kind = kind()?;
    let program = binary::of(kind).await?;
    let turn = turn().await?;
    let data = tempfile::Builder::new().prefix("penstock-own-").tempdir()?;
    let mut settings = Settings::new(data.path());
    settings.parts = parts.to_vec();
    settings.first_ports = FIRST_PORTS;
    settings.databases = vec!["shop".to_owned(), "test_*".to_owned()];
    tweak(&mut settings);
    let stack = match kind {
        Kind::Local => {
            settings.program = Some(program);
            let stack = local_stack::Stack::start(settings, progress::quiet()).await?;
            Stack::Local(Box::new(stack))
        }
        Kind::Containers => {
            Stack::Containers(Box::new(Containers::start(&program, settings).await?))
        }
    };
    Ok(OwnStack { stack: Some(stack), _data: data, _turn: turn })
}

async fn turn() -> anyhow::Result<File> {
    let path = runtime_dir()?.join("own-stack.lock");
    let mut options = OpenOptions::new();
    let file = options.create(true).write(true).truncate(false).open(path)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_EVERY).await,
            Err(TryLockError::Error(error)) => return Err(error).context("wait for our turn"),
        }
    }
}

impl OwnStack {
    /// The stack, with its levers.
    ///
    /// # Panics
    ///
    /// Never: it is gone only after [`OwnStack::stop`], which takes the value.
    #[must_use]
    #[expect(clippy::expect_used, reason = "taken only where the value itself is consumed")]
    pub fn stack(&self) -> &Stack {
        self.stack.as_ref().expect("a stack until stop() or drop")
    }

    /// Addresses and users; servers that it does not run have empty addresses.
    ///
    /// # Errors
    ///
    /// When the password files cannot be read.
    pub fn servers(&self) -> anyhow::Result<Servers> {
        of_file(&self.stack().file())
    }

    /// A client for its Kafka.
    ///
    /// # Errors
    ///
    /// When it runs none.
    pub fn kafka(&self) -> anyhow::Result<Kafka> {
        Ok(Kafka::new(self.stack().addresses().kafka.as_ref().context("no Kafka")?))
    }

    /// A client for its registry.
    ///
    /// # Errors
    ///
    /// When it runs none.
    pub fn registry(&self) -> anyhow::Result<Registry> {
        Ok(Registry::new(self.stack().addresses().registry.as_ref().context("no registry")?))
    }

    /// A client for its ClickHouse, as `admin`.
    ///
    /// # Errors
    ///
    /// When it runs none.
    pub fn clickhouse(&self) -> anyhow::Result<ClickHouse> {
        let servers = self.servers()?;
        self.stack().addresses().clickhouse_http.as_ref().context("no ClickHouse")?;
        Ok(servers.clickhouse())
    }

    /// Stops the servers in order and deletes their data.
    ///
    /// # Errors
    ///
    /// When one of them did not stop in order.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        match self.stack.take() {
            Some(stack) => stack.stop().await,
            None => Ok(()),
        }
    }
}

impl Drop for OwnStack {
    fn drop(&mut self) {
        // A test that failed: there is nothing to save, and the data must be free to go.
        if let Some(stack) = self.stack.take() {
            stack.kill_all();
        }
    }
}
