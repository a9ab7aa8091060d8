use std::time::{Duration, Instant};

use super::{Now, OUTDATED_AFTER, STALE_AFTER, StatusTable};
use crate::{
    status::{InstanceStatus, Mirror},
    store::keys::StatusKey,
};

const T0: i64 = 1_700_000_000_000;

struct Clock {
    began: Instant,
    /// How much our wall clock is ahead of Kafka's.
    ahead_ms: i64,
}

impl Clock {
    fn new(ahead_ms: i64) -> Self {
        // Far enough from the machine's start that ages can be subtracted.
        Self { began: Instant::now() + Duration::from_secs(1_000_000), ahead_ms }
    }

    /// `ms` after the beginning.
    fn at(&self, ms: u64) -> Now {
        let wall_ms = T0 + i64::try_from(ms).unwrap() + self.ahead_ms;
        Now { instant: self.began + Duration::from_millis(ms), wall_ms: Some(wall_ms) }
    }

    /// The same, when everything that was there before has been read.
    fn live(&self, ms: u64) -> Now {
        Now { wall_ms: None, ..self.at(ms) }
    }
}

fn report(instance: &str) -> (Vec<u8>, Vec<u8>) {
    let status: InstanceStatus = serde_json::from_value(serde_json::json!({
        "instance": instance, "pipeline": "a", "at_ms": 0, "version": 1, "revision": "r",
        "state": "running", "something": "new",
    }))
    .unwrap();
    (format!("instance/a/{instance}").into_bytes(), serde_json::to_vec(&status).unwrap())
}

fn say(table: &mut StatusTable, instance: &str, written_ms: i64, now: Now) {
    let (key, value) = report(instance);
    table.apply(&key, Some(&value), written_ms, now);
}

fn alive(table: &StatusTable, now: Now) -> Vec<String> {
    table.snapshot(now.instant).instances.into_keys().map(|(_, instance)| instance).collect()
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

#[test]
fn who_falls_silent_is_dropped_though_nobody_else_speaks() {
    let (clock, mut table) = (Clock::new(0), StatusTable::default());
    say(&mut table, "one", T0, clock.at(0));
    assert_eq!(alive(&table, clock.at(ms(STALE_AFTER))), ["one"]);
    assert!(alive(&table, clock.at(ms(STALE_AFTER) + 1)).is_empty());
}

#[test]
fn who_falls_silent_is_dropped_while_others_speak() {
    let (clock, mut table) = (Clock::new(0), StatusTable::default());
    say(&mut table, "one", T0, clock.at(0));
    say(&mut table, "two", T0 + 15_001, clock.live(1));
    assert_eq!(alive(&table, clock.at(1)), ["two"]);
}

#[test]
fn what_was_written_long_before_we_came_is_not_shown() {
    let (clock, mut table) = (Clock::new(0), StatusTable::default());
    say(&mut table, "one", T0 - 3_600_000, clock.at(0));
    assert!(alive(&table, clock.at(0)).is_empty());
}

#[test]
fn a_wrong_clock_of_ours_hides_nobody_for_good() {
    // A clock that is behind shows the silent a little longer.
    let (clock, mut table) = (Clock::new(-7_200_000), StatusTable::default());
    say(&mut table, "one", T0 - 3_600_000, clock.at(0));
    assert_eq!(alive(&table, clock.at(0)), ["one"]);
    assert!(alive(&table, clock.at(15_001)).is_empty());

    // A clock that is ahead hides the living only until they speak again.
    let (clock, mut table) = (Clock::new(7_200_000), StatusTable::default());
    say(&mut table, "one", T0, clock.at(0));
    assert!(alive(&table, clock.at(0)).is_empty());
    say(&mut table, "one", T0 + 2_000, clock.live(2_000));
    assert_eq!(alive(&table, clock.at(2_000)), ["one"]);
}

#[test]
fn a_tombstone_removes_and_a_damaged_report_does_too() {
    let (clock, mut table) = (Clock::new(0), StatusTable::default());
    for last in [None, Some(&b"{"[..])] {
        say(&mut table, "one", T0, clock.at(0));
        assert_eq!(alive(&table, clock.at(0)), ["one"]);
        table.apply(b"instance/a/one", last, T0, clock.at(0));
        assert!(alive(&table, clock.at(0)).is_empty());
    }
}

#[test]
fn mirrors_do_not_age() {
    let mirror = Mirror {
        topic: "t.x".into(),
        partition: 3,
        offset: 7,
        metadata: "1;-".into(),
        at_ms: 1,
        reset: None,
    };
    let (clock, mut table) = (Clock::new(0), StatusTable::default());
    let value = serde_json::to_vec(&mirror).unwrap();
    table.apply(b"offsets/a/t.x/3", Some(&value), T0 - 99_999_999, clock.at(0));
    let found = table.snapshot(clock.at(99_999_999).instant).mirrors;
    assert_eq!(*found[&("a".into(), "t.x".into(), 3)], mirror);
    table.apply(b"offsets/a/t.x/3", None, T0, clock.at(0));
    assert!(table.snapshot(clock.at(0).instant).mirrors.is_empty());
}

#[test]
fn only_who_was_silent_for_a_day_is_removed_from_the_topic() {
    let (clock, mut table) = (Clock::new(0), StatusTable::default());
    let day = i64::try_from(OUTDATED_AFTER.as_millis()).unwrap();
    for (instance, ago) in [("old", day + 1), ("older", day + 2), ("young", day)] {
        say(&mut table, instance, T0 - ago, clock.at(0));
    }
    assert!(table.outdated(9).iter().all(|key| *key == old("older")), "nobody spoke since");
    say(&mut table, "new", T0, clock.at(0));
    assert_eq!(table.outdated(9), [old("old"), old("older")]);
    assert_eq!(table.outdated(1), [old("old")]);
}

fn old(instance: &str) -> StatusKey {
    StatusKey::Instance("a".into(), instance.into())
}
