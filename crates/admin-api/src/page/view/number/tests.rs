use super::*;

#[test]
fn counts_have_commas() {
    let check = |number, text: &str| assert_eq!(count(number), text);
    check(0, "0");
    check(999, "999");
    check(1_000, "1,000");
    check(1_204_337, "1,204,337");
    check(u64::MAX, "18,446,744,073,709,551,615");
}

#[test]
fn large_numbers_keep_three_digits() {
    let check = |number, text: &str| assert_eq!(short(number), text);
    check(99_999, "99,999");
    check(100_000, "100 k");
    check(999_400, "999 k");
    check(999_600, "1.00 M");
    check(12_345_678, "12.3 M");
}

#[test]
fn rates_of_all_sizes() {
    let check = |number, text: &str| assert_eq!(rate(number), text);
    check(0.0, "0");
    check(3.44, "3.4");
    check(1_024.4, "1,024");
    check(1_250_000.0, "1.25 M");
    check(f64::NAN, NOTHING);
    check(-1.0, NOTHING);
    check(f64::INFINITY, NOTHING);
}

#[test]
fn bytes_and_durations() {
    assert_eq!(bytes(512.0), "512 B");
    assert_eq!(bytes(16.0 * 1_048_576.0), "16.0 MiB");
    assert_eq!(duration(999), "999 ms");
    assert_eq!(duration(1_290), "1.2 s");
    assert_eq!(duration(200_000), "3 min 20 s");
    assert_eq!(duration(7_200_000), "2 h");
    assert_eq!(duration(u64::MAX), "213503982334 d 14 h");
}

#[test]
fn moments_of_the_calendar() {
    let check = |ms, text: &str| assert_eq!(moment(ms), text);
    check(0, "1970-01-01 00:00:00");
    check(-1, "1969-12-31 23:59:59");
    check(951_782_400_000, "2000-02-29 00:00:00");
    check(1_709_164_800_000, "2024-02-29 00:00:00");
    check(1_709_251_200_000, "2024-03-01 00:00:00");
    check(4_107_542_400_000, "2100-03-01 00:00:00");
    assert_eq!(machine_moment(1_500), "1970-01-01T00:00:01.500Z");
}

#[test]
fn no_moment_overflows() {
    for ms in [i64::MIN, i64::MAX] {
        assert!(!moment(ms).is_empty());
    }
}

#[test]
fn the_past_and_a_clock_that_is_ahead() {
    assert_eq!(ago(0, 12_000), "12 s ago");
    assert_eq!(ago(0, 7_300_000), "2 h ago");
    assert_eq!(ago(20_000, 12_000), "now");
    assert_eq!(ago(i64::MIN, i64::MAX), "106751991167 d ago");
}

#[test]
fn moments_are_read_as_they_are_written() {
    for ms in [0, 951_782_400_000, 1_709_164_800_000, 1_795_275_422_000, 4_107_542_399_000] {
        assert_eq!(parse_moment(&moment(ms)), Some(ms), "{}", moment(ms));
    }
    assert_eq!(parse_moment("1970-01-01T00:01"), Some(60_000));
    assert_eq!(parse_moment("1970-12-31T23:59:59.999"), Some(31_535_999_000));
    for odd in
        ["", "1970-01-01", "2023-02-29T00:00", "2024-13-01T00:00", "2024-01-01T24:00", "-1-1-1T1:1"]
    {
        assert_eq!(parse_moment(odd), None, "{odd}");
    }
}
