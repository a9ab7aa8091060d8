use std::collections::BTreeSet;

use super::*;

#[test]
fn every_route_is_there_once() {
    let mut seen = BTreeSet::new();
    for route in table() {
        assert!(seen.insert((route.path, route.method.to_string())), "{} twice", route.path);
    }
}

#[test]
fn whatever_changes_something_needs_more_than_looking() {
    let exceptions =
        ["/login", "/logout", "/v1/subjects/{subject}/compatibility", "/schemas/{subject}/check"];
    for route in table() {
        if !route.method.is_safe() && !exceptions.contains(&route.path) {
            assert!(route.role >= Role::Operator, "{} {}", route.method, route.path);
        }
        let open =
            ["/login", "/openapi.json"].contains(&route.path) || route.path.starts_with("/assets/");
        assert_eq!(route.role == Role::Public, open, "{} {}", route.method, route.path);
    }
}
