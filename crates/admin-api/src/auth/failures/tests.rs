use std::{net::Ipv4Addr, sync::Arc};

use super::*;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

fn failures() -> Arc<Failures> {
    Arc::new(Failures::new(2, Duration::from_secs(2)))
}

async fn wait_of(failures: &Failures, from: IpAddr) -> Duration {
    let started = Instant::now();
    assert_eq!(failures.failed(from).await, Refused::Unknown);
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn every_wrong_attempt_waits_longer_up_to_a_limit() {
    let failures = failures();
    let mut waits = Vec::new();
    for _ in 0..8 {
        waits.push(wait_of(&failures, HERE).await.as_millis());
    }
    assert_eq!(waits, [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
    assert_eq!(wait_of(&failures, THERE).await.as_millis(), 50, "addresses do not share waits");
    time::advance(FORGOTTEN_AFTER).await;
    assert_eq!(wait_of(&failures, HERE).await.as_millis(), 50, "it begins anew");
}

#[tokio::test(start_paused = true)]
async fn too_many_at_once_are_not_even_looked_at() {
    let failures = failures();
    let attempt = || {
        let failures = failures.clone();
        tokio::spawn(async move { failures.failed(HERE).await })
    };
    let (one, other) = (attempt(), attempt());
    tokio::task::yield_now().await;
    assert_eq!(failures.admit(HERE), Err(Refused::TooMany));
    assert_eq!(failures.admit(THERE), Ok(()));
    one.await.unwrap();
    assert_eq!(failures.admit(HERE), Ok(()));
    other.abort();
    assert!(other.await.is_err());
    assert_eq!(failures.addresses()[&HERE].waiting, 0, "hanging up ends a wait");
}

#[tokio::test(start_paused = true)]
async fn addresses_are_bounded() {
    let failures = failures();
    for number in 0..ADDRESSES_MAX + 10 {
        let address = Ipv4Addr::from(u32::try_from(number).unwrap());
        let _wait = failures.begin(IpAddr::V4(address));
        failures.addresses().get_mut(&IpAddr::V4(address)).unwrap().waiting = 0;
    }
    assert!(failures.addresses().len() <= ADDRESSES_MAX);
}
