//! Refused attempts in, longer and longer waits out.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{self, Instant};

use super::Refused;

/// Wait after the first refused attempt; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// An address that refuses to be wrong for this long begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);
/// Most addresses remembered.
const ADDRESSES_MAX: usize = 4_096;

/// Which addresses tried what they should not have.
///
/// A right token is never made to wait by wrong ones, unless so many of them are under way from
/// the same address that guessing is what it looks like.
#[derive(Debug)]
pub(super) struct Failures {
    in_flight_max: u32,
    wait_max: Duration,
    addresses: Mutex<HashMap<IpAddr, Address>>,
}

#[derive(Debug)]
struct Address {
    recent: u32,
    waiting: u32,
    last: Instant,
}

impl Failures {
    pub(super) fn new(in_flight_max: u32, wait_max: Duration) -> Self {
        Self { in_flight_max, wait_max, addresses: Mutex::default() }
    }

    /// Whether an attempt of this address is looked at.
    pub(super) fn admit(&self, from: IpAddr) -> Result<(), Refused> {
        let addresses = self.addresses();
        let waiting = addresses.get(&from).map_or(0, |address| address.waiting);
        if waiting < self.in_flight_max { Ok(()) } else { Err(Refused::TooMany) }
    }

    /// Counts a refused attempt, and returns when its sender has waited long enough.
    pub(super) async fn failed(&self, from: IpAddr) -> Refused {
        let wait = self.begin(from);
        // Ends the wait also when the sender hangs up.
        let _waiting = Waiting { failures: self, from };
        time::sleep(wait).await;
        Refused::Unknown
    }

    fn begin(&self, from: IpAddr) -> Duration {
        let now = Instant::now();
        let mut addresses = self.addresses();
        if addresses.len() >= ADDRESSES_MAX && !addresses.contains_key(&from) {
            let fresh = |address: &Address| now - address.last < FORGOTTEN_AFTER;
            addresses.retain(|_, address| address.waiting > 0 || fresh(address));
            if addresses.len() >= ADDRESSES_MAX {
                addresses.retain(|_, address| address.waiting > 0);
            }
        }
        let address = addresses.entry(from).or_insert(Address { recent: 0, waiting: 0, last: now });
        if now - address.last >= FORGOTTEN_AFTER {
            address.recent = 0;
        }
        let wait = FIRST_WAIT.saturating_mul(1 << address.recent.min(16)).min(self.wait_max);
        address.recent = address.recent.saturating_add(1);
        address.waiting += 1;
        address.last = now;
        wait
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, Address>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Waiting<'a> {
    failures: &'a Failures,
    from: IpAddr,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(address) = self.failures.addresses().get_mut(&self.from) {
            address.waiting = address.waiting.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests;
