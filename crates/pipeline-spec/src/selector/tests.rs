use std::collections::BTreeMap;

use super::{InvalidSelector, Selector};

fn matches(selector: &str, labels: &[(&str, &str)]) -> bool {
    let labels: BTreeMap<String, String> =
        labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    selector.parse::<Selector>().unwrap().matches(&labels)
}

#[test]
fn every_part_must_hold() {
    let selector = "team=retail, env!=test ,critical";
    assert!(matches(selector, &[("team", "retail"), ("critical", "")]));
    assert!(matches(selector, &[("team", "retail"), ("critical", "no"), ("env", "live")]));
    assert!(!matches(selector, &[("team", "retail"), ("critical", ""), ("env", "test")]));
    assert!(!matches(selector, &[("team", "retail")]));
    assert!(!matches(selector, &[("team", "other"), ("critical", "")]));
    assert!(!matches(selector, &[]));
}

#[test]
fn nothing_selects_everything() {
    for empty in ["", "  "] {
        assert!(matches(empty, &[]));
        assert!(matches(empty, &[("team", "retail")]));
        assert!(empty.parse::<Selector>().unwrap().is_empty());
    }
}

#[test]
fn an_empty_value_is_a_value() {
    assert!(matches("critical=", &[("critical", "")]));
    assert!(!matches("critical=", &[]));
    assert!(!matches("critical!=", &[("critical", "")]));
}

#[test]
fn what_is_none_of_the_forms_is_refused() {
    for wrong in ["=x", "!=x", "a=b=c", "a==b", "a,,b", ",", "a b", "!a", "team in (x)", "a=b,"] {
        let refused = wrong.parse::<Selector>();
        assert!(matches!(refused, Err(InvalidSelector::Part(_))), "{wrong}: {refused:?}");
    }
    let many = vec!["a"; 33].join(",");
    assert_eq!(many.parse::<Selector>(), Err(InvalidSelector::TooMany));
}

#[test]
fn it_is_printed_as_it_is_read() {
    for text in ["", "team=retail", "team=retail,env!=test,critical"] {
        assert_eq!(text.parse::<Selector>().unwrap().to_string(), text);
    }
}
