//! This machine and its servers in, what a reader must know to judge the numbers out.

use std::fs;

use anyhow::Context as _;
use serde::Serialize;

use crate::scene::Scene;

/// What the numbers were measured on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    /// Day and minute, UTC.
    date: String,
    cpu: String,
    cores: usize,
    memory_mib: u64,
    kernel: String,
    clickhouse: String,
    /// Processes that wanted a core in the minute before: what else the machine was doing.
    load_before: f64,
}

impl Machine {
    pub(crate) async fn read(scene: &Scene) -> anyhow::Result<Self> {
        let file = |path: &str| fs::read_to_string(path).with_context(|| format!("read {path}"));
        let field = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
        };
        let memory = field(&file("/proc/meminfo")?, "MemTotal").context("find MemTotal")?;
        let memory_kib: u64 = memory.trim_end_matches(" kB").parse()?;
        let load = file("/proc/loadavg")?;
        let clickhouse = scene.clickhouse();
        let date = "SELECT formatDateTime(now('UTC'), '%Y-%m-%d %H:%i')";
        Ok(Self {
            date: clickhouse.query(date).await?,
            // Not all architectures name their processor.
            cpu: field(&file("/proc/cpuinfo")?, "model name").unwrap_or_else(|| "unknown".into()),
            cores: std::thread::available_parallelism()?.get(),
            memory_mib: memory_kib / 1024,
            kernel: file("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            clickhouse: clickhouse.query("SELECT version()").await?,
            load_before: load.split(' ').next().unwrap_or_default().parse()?,
        })
    }

    /// One sentence.
    pub(crate) fn line(&self) -> String {
        let Self { date, cpu, cores, memory_mib, kernel, clickhouse, load_before } = self;
        format!(
            "{date} UTC: {cores} cores of {cpu}, {memory_mib} MiB, Linux {kernel}, ClickHouse \
             {clickhouse}; servers, producer and sink on the same cores; load {load_before} \
             before the start"
        )
    }
}
