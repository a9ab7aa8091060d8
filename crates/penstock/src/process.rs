//! A process id in, what the process has used out (Linux's `/proc`).

use std::fs;

/// CPU seconds, user and system, that a process has used since its start. `None` when it is gone.
pub(crate) fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses, which may hold spaces: count from behind it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11);
    let used: u32 = ticks.next()?.parse::<u32>().ok()? + ticks.next()?.parse::<u32>().ok()?;
    Some(f64::from(used) / ticks_per_second())
}

/// Most resident memory a process has had, in bytes. `None` when it is gone.
pub(crate) fn peak_resident_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests;
