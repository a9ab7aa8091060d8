use std::time::{Duration, Instant};

use super::Pace;

/// Steps through `seconds` in steps of `step` and returns the events of every step.
fn steps(rate_per_sec: u32, step: Duration, seconds: u64) -> Vec<u64> {
    let mut now = Instant::now();
    let end = now + Duration::from_secs(seconds);
    let mut pace = Pace::new(rate_per_sec, now);
    let mut events = Vec::new();
    while now + step <= end {
        now += step;
        let due = pace.due(now);
        pace.take(due);
        events.push(due);
    }
    events
}

#[test]
fn nothing_is_lost_to_rounding() {
    let odd = Duration::from_nanos(333_337);
    for rate in [1, 3, 15, 7_777, 20_000, 1_000_000] {
        let events = steps(rate, odd, 10);
        let passed = odd.as_nanos() * events.len() as u128;
        let expected = passed * u128::from(rate) / 1_000_000_000;
        assert_eq!(u128::from(events.iter().sum::<u64>()), expected, "{rate}");
    }
}

#[test]
fn events_come_evenly() {
    let events = steps(20_000, Duration::from_millis(1), 2);
    assert!(events.iter().all(|due| *due == 20), "{events:?}");
}

#[test]
fn a_long_delay_is_not_made_up_for() {
    let start = Instant::now();
    let mut pace = Pace::new(1_000, start);
    assert_eq!(pace.due(start + Duration::from_secs(60)), 500);
}

#[test]
fn slow_rates_wait_for_whole_events() {
    let start = Instant::now();
    let mut pace = Pace::new(1, start);
    assert_eq!(pace.due(start + Duration::from_millis(900)), 0);
    assert_eq!(pace.until_next(), Duration::from_millis(100));
    assert_eq!(pace.due(start + Duration::from_secs(1)), 1);
    assert_eq!(pace.until_next(), Duration::ZERO);
}

#[test]
fn a_new_rate_and_a_pause_start_from_nothing() {
    let start = Instant::now();
    let mut pace = Pace::new(1_000, start);
    let later = start + Duration::from_millis(400);
    pace.set_rate(10, later);
    assert_eq!(pace.due(later), 0);
    let later = later + Duration::from_secs(5);
    pace.skip(later);
    assert_eq!(pace.due(later), 0);
}

#[test]
fn rate_zero_is_no_limit() {
    let start = Instant::now();
    let mut pace = Pace::new(0, start);
    assert_eq!(pace.due(start), u64::MAX);
    pace.take(1_000);
    assert_eq!(pace.due(start), u64::MAX);
    assert_eq!(pace.until_next(), Duration::ZERO);
}
