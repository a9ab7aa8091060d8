//! A dashboard in, its queries, and what keeps Grafana from showing it, out.

use std::collections::BTreeSet;

use serde_json::Value;

/// The queries to Prometheus of panels, annotations and variables.
pub(super) fn promql(dashboard: &Value) -> Vec<String> {
    let targets = panels(dashboard).iter().flat_map(|panel| list(&panel["targets"]));
    let annotations = list(&dashboard["annotations"]["list"]);
    let mut found: Vec<_> = targets
        .chain(annotations)
        .filter_map(|asks| asks["expr"].as_str().map(str::to_owned))
        .collect();
    for variable in list(&dashboard["templating"]["list"]) {
        let query = variable["query"]["query"].as_str().unwrap_or_default();
        // label_values(METRIC, LABEL)
        let metric = query.strip_prefix("label_values(").and_then(|rest| rest.split_once(','));
        found.extend(metric.map(|(metric, _)| metric.to_owned()));
    }
    found
}

/// What is wrong with a dashboard, when `sources` are the uids of what is provisioned.
pub(super) fn complaints(dashboard: &Value, sources: &BTreeSet<String>) -> Vec<String> {
    let mut complaints = Vec::new();
    if !dashboard["id"].is_null() {
        complaints.push("it has an id: Grafana gives one".to_owned());
    }
    for key in ["uid", "title"] {
        if dashboard[key].as_str().unwrap_or_default().is_empty() {
            complaints.push(format!("no {key}"));
        }
    }
    let mut ids = BTreeSet::new();
    for panel in panels(dashboard) {
        let title = panel["title"].as_str().unwrap_or_default();
        let mut complain = |what: &str| complaints.push(format!("{title:?} {what}"));
        if title.is_empty() {
            complain("has no title");
        }
        if !ids.insert(panel["id"].as_u64()) || panel["id"].as_u64().is_none() {
            complain("has no id of its own");
        }
        if panel["type"] == "row" {
            continue;
        }
        let targets = list(&panel["targets"]);
        if targets.is_empty() {
            complain("asks nothing");
        }
        let mut names = BTreeSet::new();
        for asks in targets {
            if !names.insert(asks["refId"].as_str()) {
                complain("has two queries of one name");
            }
            let query = asks["expr"].as_str().or(asks["rawSql"].as_str()).unwrap_or_default();
            if query.is_empty() {
                complain("has an empty query");
            }
        }
        for holder in targets.iter().chain([panel]) {
            let uid = holder["datasource"]["uid"].as_str().unwrap_or_default();
            if !sources.contains(uid) {
                complain(&format!("asks {uid:?}, which is not provisioned"));
            }
        }
    }
    complaints.extend(overlaps(panels(dashboard)));
    complaints
}

/// Panels that lie over each other, or beyond the 24 columns.
fn overlaps(panels: &[Value]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut complaints = Vec::new();
    for panel in panels {
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap_or_default();
        let cells = (at("x")..at("x") + at("w"))
            .flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y)));
        let cells: Vec<_> = cells.collect();
        let fits = !cells.is_empty() && cells.iter().all(|(x, _)| *x < 24);
        if !fits || cells.into_iter().filter(|cell| !taken.insert(*cell)).count() > 0 {
            complaints.push(format!("{} has no room of its own", panel["title"]));
        }
    }
    complaints
}

fn panels(dashboard: &Value) -> &[Value] {
    list(&dashboard["panels"])
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn what_grafana_would_not_show_is_told() {
    let panel = |id: u64, x: u64, uid: &str| {
        serde_json::json!({
            "id": id, "type": "stat", "title": "T", "gridPos": {"x": x, "y": 0, "w": 8, "h": 4},
            "datasource": {"uid": uid}, "targets": [{"refId": "A", "expr": "up", "datasource": {"uid": uid}}],
        })
    };
    let told = |panels: Vec<Value>| {
        let dashboard = serde_json::json!({"id": null, "uid": "u", "title": "t", "panels": panels});
        complaints(&dashboard, &BTreeSet::from(["p".to_owned()])).join("; ")
    };
    assert_eq!(told(vec![panel(1, 0, "p"), panel(2, 8, "p")]), "");
    assert!(told(vec![panel(1, 0, "p"), panel(1, 8, "p")]).contains("no id of its own"));
    assert!(told(vec![panel(1, 0, "p"), panel(2, 4, "p")]).contains("no room of its own"));
    assert!(told(vec![panel(1, 20, "p")]).contains("no room of its own"));
    assert!(told(vec![panel(1, 0, "q")]).contains("asks \"q\", which is not provisioned"));
    let mut mute = panel(1, 0, "p");
    mute["targets"] = serde_json::json!([]);
    assert!(told(vec![mute]).contains("asks nothing"));
}
