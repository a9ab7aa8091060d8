//! Patience, and names that nobody else has.

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Looks until `condition` holds, and says what it waited for when it never does.
///
/// # Errors
///
/// When `within` passes first. A single look that takes longer is cut off too.
pub async fn eventually(
    what: &str,
    within: Duration,
    mut condition: impl AsyncFnMut() -> bool,
) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        let left = within.saturating_sub(started.elapsed());
        match tokio::time::timeout(left, condition()).await {
            Ok(true) => return Ok(()),
            // A condition that never waits is looked at even when no time is left.
            Ok(false) if !left.is_zero() => tokio::time::sleep(LOOK_EVERY.min(left)).await,
            Ok(false) | Err(_) => anyhow::bail!("still not true after {within:?}: {what}"),
        }
    }
}

/// A name that begins with `test_` and `what`, and that no other test has, in this run or
/// another. It fits topics, groups, subjects, databases and tables.
#[must_use]
pub fn unique(what: &str) -> String {
    format!("test_{what}_{:016x}", rand::random::<u64>())
}

#[cfg(test)]
mod tests;
