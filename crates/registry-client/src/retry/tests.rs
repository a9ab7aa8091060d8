use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

use super::{Backoff, PAUSE_FIRST, PAUSE_MAX, retry_after};

fn check(value: &str, expected: Option<Duration>) {
    // 1994-11-15T08:12:31Z
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_887_151);
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
    assert_eq!(retry_after(&headers, now), expected, "{value}");
}

#[test]
fn retry_after_is_read_as_seconds_or_date() {
    check("7", Some(Duration::from_secs(7)));
    check(" 0 ", Some(Duration::ZERO));
    check("Tue, 15 Nov 1994 08:12:41 GMT", Some(Duration::from_secs(10)));
    check("Tue, 15 Nov 1994 08:12:21 GMT", Some(Duration::ZERO));
    check("18446744073709551615", Some(Duration::from_secs(u64::MAX)));
}

#[test]
fn a_retry_after_that_is_neither_is_ignored() {
    for value in ["", "-1", "soon", "1.5", "99999999999999999999999"] {
        check(value, None);
    }
}

#[test]
fn pauses_grow_to_their_limit_and_vary() {
    let mut backoff = Backoff::new();
    let mut whole = PAUSE_FIRST;
    for _ in 0..20 {
        let pause = backoff.pause();
        assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
        whole = (whole * 2).min(PAUSE_MAX);
    }
    let mut pauses: Vec<_> = (0..50).map(|_| Backoff::new().pause()).collect();
    pauses.dedup();
    assert!(pauses.len() > 1);
}
