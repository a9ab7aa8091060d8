//! Wishes in, ports that nobody else will take out.
//!
//! Two instances that start at the same moment must not choose the same port, and a server that
//! is restarted must find its own again: so every port in use is locked by a file, from before
//! the choice until the stack is gone. A port is free when its lock and the port itself are.

use std::{
    fs::{File, OpenOptions},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use crate::{
    data_folder::{private_folder, runtime_dir},
    error::{Error, io_error},
    settings::{Part, Settings},
};

/// How many ports are tried from the first one on.
const TRIED_MAX: u16 = 500;

/// The ports of one stack. Parts that it does not run have port 0.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) kafka: u16,
    pub(crate) kafka_controller: u16,
    /// 0 unless [`Settings::kafka_proxy`] asks for it.
    pub(crate) kafka_proxied: u16,
    pub(crate) registry: u16,
    pub(crate) registry_management: u16,
    pub(crate) clickhouse_http: u16,
    pub(crate) clickhouse_native: u16,
}

/// Keeps the chosen ports from other stacks.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    locks: Vec<File>,
}

/// Chooses the ports of all parts in `settings`.
pub(crate) fn choose(settings: &Settings) -> Result<(Chosen, Leases), Error> {
    let mut leases = Leases::default();
    let mut chosen = Chosen::default();
    let (ports, first) = (&settings.ports, &settings.first_ports);
    let mut take = |key, wish, first| leases.take(key, wish, first);
    // What was asked for first, so that a search does not take it.
    let has = |part| settings.parts.contains(&part);
    let mut main = [
        (Part::Kafka, "kafka", ports.kafka, first.kafka, &mut chosen.kafka),
        (Part::Registry, "registry", ports.registry, first.registry, &mut chosen.registry),
        (
            Part::ClickHouse,
            "clickhouse_http",
            ports.clickhouse_http,
            first.clickhouse_http,
            &mut chosen.clickhouse_http,
        ),
        (
            Part::ClickHouse,
            "clickhouse_native",
            ports.clickhouse_native,
            first.clickhouse_native,
            &mut chosen.clickhouse_native,
        ),
    ];
    main.sort_by_key(|(_, _, wish, ..)| wish.is_none());
    for (part, key, wish, first, port) in main {
        if has(part) {
            *port = take(key, wish, first)?;
        }
    }
    if has(Part::Kafka) {
        chosen.kafka_controller = take("kafka", None, chosen.kafka.saturating_add(1))?;
        if settings.kafka_proxy.is_some() {
            chosen.kafka_proxied = take("kafka", None, chosen.kafka.saturating_add(1))?;
        }
    }
    if has(Part::Registry) {
        chosen.registry_management = take("registry", None, chosen.registry.saturating_add(1))?;
    }
    Ok((chosen, leases))
}

impl Leases {
    /// Takes the port that was asked for, or the first free one from `first` on.
    pub(crate) fn take(
        &mut self,
        key: &'static str,
        wish: Option<u16>,
        first: u16,
    ) -> Result<u16, Error> {
        let folder = runtime_dir()?.join("ports");
        private_folder(&folder)?;
        match wish {
            Some(port) => self.take_this(&folder, key, port),
            None => self.take_next(&folder, key, first),
        }
    }

    fn take_this(&mut self, folder: &Path, key: &'static str, port: u16) -> Result<u16, Error> {
        if port == 0 {
            let detail = "a port is a number from 1 to 65535".to_owned();
            return Err(Error::Setting { key, detail });
        }
        match lease(folder, port)? {
            Some(lock) => {
                self.locks.push(lock);
                Ok(port)
            }
            None => Err(Error::PortBusy { key, port }),
        }
    }

    fn take_next(&mut self, folder: &Path, key: &'static str, first: u16) -> Result<u16, Error> {
        let last = first.saturating_add(TRIED_MAX);
        for port in first..=last {
            if let Some(lock) = lease(folder, port)? {
                self.locks.push(lock);
                return Ok(port);
            }
        }
        Err(Error::NoFreePort { key, first, last })
    }
}

/// The lock on a port, if neither another stack nor another program has it.
fn lease(folder: &Path, port: u16) -> Result<Option<File>, Error> {
    let path: PathBuf = folder.join(port.to_string());
    let mut options = OpenOptions::new();
    let options = options.create(true).write(true).truncate(false);
    let file = options.open(&path).map_err(io_error("open", &path))?;
    if file.try_lock().is_err() {
        return Ok(None);
    }
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok().then_some(file))
}
