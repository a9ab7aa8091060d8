//! Nothing in, a name for this process among all sinks out.

use std::{fs, process};

/// The name that was set, or host, process id and a random part.
#[must_use]
pub fn name(set: &str) -> String {
    if !set.is_empty() {
        return set.to_owned();
    }
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String = host.trim().chars().take(64).collect();
    let host = if host.is_empty() { "sink" } else { &host };
    format!("{host}-{}-{:08x}", process::id(), rand::random::<u32>())
}
