//! A process id in, what the process has used out: Linux's `/proc`.

use std::fs;

use anyhow::Context as _;

/// CPU seconds, user and system, that a process has used since its start. Counted in ticks of
/// usually 10 ms.
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    ticks(&pid.to_string(), OWN_TICKS)
}

/// The same of this process.
pub(crate) fn own_cpu_seconds() -> anyhow::Result<f64> {
    ticks("self", OWN_TICKS)
}

/// CPU seconds of all children of this process that have ended and were waited for. The only way
/// to learn what a process used that ends by itself.
pub(crate) fn ended_children_cpu_seconds() -> anyhow::Result<f64> {
    ticks("self", CHILDREN_TICKS)
}

/// Most bytes of memory that were resident at the same time.
pub(crate) fn peak_resident_bytes(pid: u32) -> anyhow::Result<u64> {
    peak(&pid.to_string())
}

/// The same of this process.
pub(crate) fn own_peak_resident_bytes() -> anyhow::Result<u64> {
    peak("self")
}

/// Place of `utime`, followed by `stime`, behind the name in `/proc/<pid>/stat`: proc(5).
const OWN_TICKS: usize = 11;
/// Place of `cutime`, followed by `cstime`.
const CHILDREN_TICKS: usize = 13;

fn ticks(process: &str, place: usize) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).context("read CPU time")?;
    // The name is in parentheses and may hold both parentheses and spaces.
    let (_, behind_name) = stat.rsplit_once(')').context("find CPU time")?;
    let mut two = behind_name.split_whitespace().skip(place).map(str::parse::<u64>);
    let user = two.next().context("find user time")??;
    let system = two.next().context("find system time")??;
    Ok((user + system) as f64 / rustix::param::clock_ticks_per_second() as f64)
}

fn peak(process: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).context("read memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).context("find peak memory")?;
    Ok(kib.trim().parse::<u64>()? * 1024)
}
