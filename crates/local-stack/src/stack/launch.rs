//! Settings in, a [`Stack`] whose servers all answer out.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};

use super::{Addresses, Server, Stack, on_each};
use crate::{
    Child, Credentials, Error, Part, Settings,
    data_folder::DataFolder,
    java,
    packages::{self, Check},
    ports,
    progress::{Event, Shared},
    servers::{self, Archive, clickhouse, kafka, registry},
    supervise::{Refusal, Spec, Supervisor},
    tail::tail,
};

/// How long an instance that is stopping may hold the data folder before we give up.
const HANDOVER_WITHIN: Duration = Duration::from_secs(45);
/// How often the data folder is tried meanwhile.
const HANDOVER_EVERY: Duration = Duration::from_millis(250);

pub(super) async fn start(mut settings: Settings, progress: Shared) -> Result<Stack, Error> {
    settings.parts.sort();
    settings.parts.dedup();
    for part in &settings.parts {
        packages::Recipe::of(*part)?;
    }
    let needs_java = settings.parts.iter().any(|part| *part != Part::ClickHouse);
    let java = needs_java
        .then(|| java::find(&settings.environment, "Kafka and the schema registry"))
        .transpose()?;
    let folder = DataFolder::create(&settings.data_dir)?;
    settings.cache_dir = packages::cache_folder(&settings.cache_dir)?;
    let program = settings.program.clone().unwrap_or_else(own_program);
    let supervisor = hold(&program, &folder, &progress).await?;

    let started = assemble(settings, folder, java, supervisor.clone(), progress).await;
    if started.is_err() {
        supervisor.finish().await;
    }
    started
}

async fn assemble(
    settings: Settings,
    folder: DataFolder,
    java: Option<java::Java>,
    supervisor: Supervisor,
    progress: Shared,
) -> Result<Stack, Error> {
    let (ports, leases) = ports::choose(&settings)?;
    let credentials = Credentials::load(&folder.secrets())?;
    let addresses = addresses(&settings, &ports);
    let check = if settings.verify_cache { Check::Full } else { Check::Quick };
    let mut stack = Stack {
        settings,
        folder,
        supervisor,
        ports,
        leases: Mutex::new(leases),
        java,
        credentials,
        addresses,
        progress,
        packages: HashMap::new(),
        servers: Mutex::new(BTreeMap::new()),
    };
    let parts = stack.settings.parts.clone();
    let packages = on_each(&parts, |part| package(&stack, part, check)).await?;
    stack.packages = parts.iter().copied().zip(packages).collect();
    let servers = on_each(&parts, |part| server(&stack, part)).await?;
    stack.servers = Mutex::new(parts.into_iter().zip(servers).collect());
    Ok(stack)
}

/// Starts the supervisor, which takes the data folder.
async fn hold(program: &Path, folder: &DataFolder, progress: &Shared) -> Result<Supervisor, Error> {
    let asked = Instant::now();
    let mut told = false;
    loop {
        let pid = match Supervisor::start(program, &folder.lock(), &folder.log("supervisor")).await
        {
            Ok(supervisor) => return Ok(supervisor),
            Err(Refusal::Failed(error)) => return Err(error),
            Err(Refusal::InUse { pid }) => pid,
        };
        // Its owner was killed: its servers are being stopped, which takes a moment.
        let orphaned = !Path::new("/proc").join(pid.to_string()).exists();
        if !orphaned || asked.elapsed() > HANDOVER_WITHIN {
            return Err(Error::DataFolderInUse { folder: folder.root().to_owned(), pid });
        }
        if !told {
            let what = "the servers of a previous instance to stop";
            progress.event(Event::Waiting(what.to_owned()));
            told = true;
        }
        tokio::time::sleep(HANDOVER_EVERY).await;
    }
}

async fn package(stack: &Stack, part: Part, check: Check) -> Result<PathBuf, Error> {
    let context = packages::Context {
        settings: &stack.settings,
        supervisor: &stack.supervisor,
        java: stack.java.as_ref(),
        logs: &stack.folder.data("logs"),
        progress: &stack.progress,
    };
    packages::ensure(part, check, context).await
}

/// Starts one server and waits until it answers.
///
/// One that ends at once may do so because its package is damaged in a way that sizes do not
/// show: then the package is looked at closely, and the server gets a second chance.
pub(super) async fn server(stack: &Stack, part: Part) -> Result<Server, Error> {
    let first = launch(stack, part).await;
    let Err(Error::Ended { .. }) = &first else { return first };
    let folder = stack.packages.get(&part).cloned().unwrap_or_default();
    if packages::inspect(&folder, Check::Full).await?.is_none() {
        return first;
    }
    package(stack, part, Check::Full).await?;
    launch(stack, part).await
}

async fn launch(stack: &Stack, part: Part) -> Result<Server, Error> {
    let started = Instant::now();
    stack.progress.event(Event::Starting { part });
    let (spec, archive) = prepare(stack, part).await?;
    let child = stack.supervisor.spawn(spec).await?;
    let deadline = stack.settings.ready_within;
    let ready = ready(&stack.addresses, &stack.credentials, part);
    let answered = tokio::select! {
        answered = tokio::time::timeout(deadline, ready) => answered,
        exit = child.exited() => {
            let (log, tail) = last_words(stack, part, &child);
            return Err(Error::Ended { part, how: exit.to_string(), log, tail });
        }
    };
    if answered.is_err() {
        child.stop(Duration::ZERO).await?;
        let (log, tail) = last_words(stack, part, &child);
        return Err(Error::NotReady { part, seconds: deadline.as_secs(), log, tail });
    }
    stack.progress.event(Event::Ready { part, took: started.elapsed() });
    Ok(Server { child, archive })
}

async fn prepare(stack: &Stack, part: Part) -> Result<(Spec, Option<Archive>), Error> {
    let package = stack.packages.get(&part).cloned().unwrap_or_default();
    let context = servers::Context {
        settings: &stack.settings,
        folder: &stack.folder,
        ports: &stack.ports,
        package: &package,
        java: stack.java.as_ref(),
        credentials: &stack.credentials,
    };
    let archive = stack.java.as_ref().map(|java| Archive::of(&package, java, &stack.settings));
    match (part, archive) {
        (Part::ClickHouse, _) => {
            clickhouse::prepare(context)?;
            let program = stack.settings.program.clone().unwrap_or_else(own_program);
            Ok((clickhouse::spec(context, program), None))
        }
        (Part::Kafka, Some(archive)) => {
            kafka::prepare(context, &stack.supervisor).await?;
            Ok((kafka::spec(context, &archive), Some(archive)))
        }
        (Part::Registry, Some(archive)) => Ok((registry::spec(context, &archive), Some(archive))),
        (Part::Kafka | Part::Registry, None) => Err(Error::NoSuchPart { part }),
    }
}

/// Returns once the server answers.
pub(crate) async fn ready(addresses: &Addresses, credentials: &Credentials, part: Part) {
    let at = |address: &Option<String>| address.clone().unwrap_or_default();
    match part {
        Part::Kafka => kafka::ready(at(&addresses.kafka)).await,
        Part::Registry => registry::ready(at(&addresses.registry)).await,
        Part::ClickHouse => {
            let admin = credentials.admin.clone();
            clickhouse::ready(at(&addresses.clickhouse_http), admin).await;
        }
    }
}

/// The log that says most, and how it ends: a server's own, or what its process printed.
fn last_words(stack: &Stack, part: Part, child: &Child) -> (PathBuf, String) {
    let own = stack.folder.log(&format!("{part}-server"));
    let printed = std::fs::metadata(child.log()).is_ok_and(|file| file.len() > 0);
    let log = if printed { child.log().to_owned() } else { own };
    let tail = tail(&log);
    (log, tail)
}

pub(crate) fn addresses(settings: &Settings, ports: &ports::Chosen) -> Addresses {
    let has = |part| settings.parts.contains(&part);
    let at = |part, port: u16| has(part).then(|| format!("127.0.0.1:{port}"));
    Addresses {
        kafka: at(Part::Kafka, ports.kafka),
        kafka_proxied: settings.kafka_proxy.and_then(|_| at(Part::Kafka, ports.kafka_proxied)),
        registry: at(Part::Registry, ports.registry)
            .map(|address| format!("http://{address}{}", registry::API)),
        clickhouse_http: at(Part::ClickHouse, ports.clickhouse_http)
            .map(|address| format!("http://{address}")),
        clickhouse_native: at(Part::ClickHouse, ports.clickhouse_native),
    }
}

/// The running program; by a link of the kernel if its file has been replaced since.
fn own_program() -> PathBuf {
    std::env::current_exe()
        .ok()
        .filter(|program| program.exists())
        .unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
}
