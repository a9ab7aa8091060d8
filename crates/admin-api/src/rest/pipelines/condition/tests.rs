use axum::http::HeaderValue;

use super::*;

fn of(name: header::HeaderName, value: &'static str) -> Condition {
    Condition::of(&HeaderMap::from_iter([(name, HeaderValue::from_static(value))]))
}

#[test]
fn if_match_wants_the_version_that_is_there() {
    let condition = of(header::IF_MATCH, "\"2\", \"3\"");
    assert!(condition.check(Some(3)).is_ok());
    assert_eq!(condition.check(Some(4)).unwrap_err().status(), 412);
    assert_eq!(condition.check(None).unwrap_err().status(), 412);
    assert!(of(header::IF_MATCH, "*").check(Some(4)).is_ok());
    assert!(of(header::IF_MATCH, "*").check(None).is_err());
    for odd in ["W/\"3\"", "3", "", "\"\"", "\"03\""] {
        assert!(of(header::IF_MATCH, odd).check(Some(3)).is_err(), "{odd}");
    }
}

#[test]
fn if_none_match_wants_that_there_is_none() {
    assert!(of(header::IF_NONE_MATCH, "*").check(None).is_ok());
    assert!(of(header::IF_NONE_MATCH, "*").check(Some(1)).is_err());
    assert!(of(header::IF_NONE_MATCH, "\"1\"").check(Some(2)).is_ok());
    assert!(of(header::IF_NONE_MATCH, "\"1\"").check(Some(1)).is_err());
}

#[test]
fn without_headers_everything_goes() {
    assert!(Condition::default().check(None).is_ok());
    assert!(Condition::of(&HeaderMap::new()).check(Some(7)).is_ok());
}
