use super::*;

#[test]
fn backoff_doubles_to_the_cap() {
    let ms = |attempt| jittered(attempt, 0.0).as_millis();
    assert_eq!([1, 2, 3, 7, 8, u32::MAX].map(ms), [100, 200, 400, 6_400, 10_000, 10_000]);
}

#[test]
fn jitter_takes_off_at_most_half() {
    assert_eq!(jittered(1, 0.5), Duration::from_millis(75));
    assert!(jittered(20, 0.999) > Duration::from_secs(5));
}
