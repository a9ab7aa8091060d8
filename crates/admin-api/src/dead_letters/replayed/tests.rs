use super::*;

fn check(ends: &[(i64, i64)], wanted: &[(i64, i64)], all: bool) {
    let number = |(place, (low, high)): (usize, &(i64, i64))| {
        (i32::try_from(place).unwrap(), Ends { low: *low, high: *high })
    };
    let (found, found_all) = newest(ends.iter().enumerate().map(number).collect());
    let found: Vec<(i64, i64)> = found.into_values().map(|ends| (ends.low, ends.high)).collect();
    assert_eq!((found.as_slice(), found_all), (wanted, all), "{ends:?}");
}

#[test]
fn only_the_newest_copies_are_looked_at() {
    check(&[], &[], true);
    check(&[(5, 5)], &[(5, 5)], true);
    check(&[(5, 20_005)], &[(5, 20_005)], true);
    check(&[(5, 20_006)], &[(6, 20_006)], false);
    check(&[(0, 10_000), (0, 10_001)], &[(0, 10_000), (1, 10_001)], false);
}
