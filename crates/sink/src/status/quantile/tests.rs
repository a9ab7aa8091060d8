use super::*;

#[test]
fn a_quantile_is_of_what_was_observed_in_between() {
    let before = [(0.1, 90), (0.2, 100), (0.4, 100)];
    let now = [(0.1, 90), (0.2, 110), (0.4, 120)];
    assert_eq!(between(&before, &now, 0.5), Some(0.2));
    assert!((between(&before, &now, 0.75).unwrap() - 0.3).abs() < 1e-9);
    assert!((between(&before, &now, 0.95).unwrap() - 0.38).abs() < 1e-9);
    assert_eq!(between(&[], &before, 0.5), Some(0.5 / 0.9 * 0.1));
}

#[test]
fn nothing_observed_has_no_quantile() {
    let counts = [(0.1, 7), (0.2, 9)];
    assert_eq!(between(&counts, &counts, 0.5), None);
    assert_eq!(between(&[], &[], 0.5), None);
}
