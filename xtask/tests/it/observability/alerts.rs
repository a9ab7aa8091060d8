//! Rules, their unit tests and the runbooks in, complaints out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// A file of rules.
#[derive(Deserialize)]
pub(super) struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// A rule that records or alerts.
#[derive(Deserialize)]
pub(super) struct Rule {
    pub(super) record: Option<String>,
    alert: Option<String>,
    pub(super) expr: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// A file of unit tests.
#[derive(Deserialize)]
pub(super) struct Tests {
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    #[serde(default)]
    alert_rule_test: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    alertname: String,
    exp_alerts: Vec<serde_json::Value>,
}

impl Rules {
    pub(super) fn all(&self) -> impl Iterator<Item = &Rule> {
        self.groups.iter().flat_map(|group| &group.rules)
    }
}

/// What is missing.
pub(super) fn complaints(rules: &[Rules], tests: &[Tests], runbooks: &str) -> Vec<String> {
    let asked = tests.iter().flat_map(|file| &file.tests).flat_map(|test| &test.alert_rule_test);
    let (fires, silent): (Vec<_>, Vec<_>) = asked.partition(|asked| !asked.exp_alerts.is_empty());
    let names = |asked: Vec<&Asked>| -> BTreeSet<String> {
        asked.into_iter().map(|asked| asked.alertname.clone()).collect()
    };
    let (fires, silent) = (names(fires), names(silent));
    let sections: BTreeSet<_> =
        runbooks.lines().filter_map(|line| line.strip_prefix("### ")).collect();

    let mut complaints = Vec::new();
    let mut seen = BTreeSet::new();
    for rule in rules.iter().flat_map(Rules::all) {
        let Some(name) = rule.alert.as_deref() else { continue };
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                complaints.push(format!("{name}: {what}"));
            }
        };
        expect(seen.insert(name), "there is another one of that name");
        expect(fires.contains(name), "no unit test fires it");
        expect(silent.contains(name), "no unit test keeps it silent");
        expect(sections.contains(name), "docs/runbooks.md has no section of that name");
        let severity = rule.labels.get("severity").map(String::as_str);
        expect(matches!(severity, Some("page" | "ticket")), "severity is neither page nor ticket");
        for annotation in ["summary", "description"] {
            let text = rule.annotations.get(annotation);
            expect(text.is_some_and(|text| !text.is_empty()), &format!("no {annotation}"));
        }
        let link = format!("docs/runbooks.md#{}", name.to_lowercase());
        let found = rule.annotations.get("runbook_url");
        expect(found == Some(&link), &format!("runbook_url is not {link}"));
    }
    let gone = |name: &&str| !seen.contains(*name);
    complaints.extend(
        sections
            .iter()
            .filter(|name| gone(name))
            .map(|name| format!("docs/runbooks.md: {name} is no alert")),
    );
    for name in fires.union(&silent).filter(|name| !seen.contains(name.as_str())) {
        complaints.push(format!("a unit test asks for {name}, which is no alert"));
    }
    complaints
}

#[test]
fn what_lacks_is_told() {
    let rules = |alert: &str| {
        let text = format!(
            "groups: [{{rules: [{{alert: {alert}, expr: up == 0, labels: {{severity: page}}, annotations: \
             {{summary: s, description: d, runbook_url: docs/runbooks.md#down}}}}]}}]"
        );
        vec![serde_saphyr::from_str::<Rules>(&text).unwrap()]
    };
    let tests = |exp: &str| {
        let text =
            format!("tests: [{{alert_rule_test: [{{alertname: Down, exp_alerts: [{exp}]}}]}}]");
        serde_saphyr::from_str::<Tests>(&text).unwrap()
    };
    let told = |rules: &[Rules], tests: &[Tests], runbooks: &str| {
        complaints(rules, tests, runbooks).join("; ")
    };
    let (fires, silent, book) = (|| tests("{exp_labels: {}}"), || tests(""), "### Down\n");
    assert_eq!(told(&rules("Down"), &[fires(), silent()], book), "");
    assert!(told(&rules("Down"), &[silent()], book).contains("no unit test fires it"));
    assert!(told(&rules("Down"), &[fires()], book).contains("no unit test keeps it silent"));
    assert!(told(&rules("Down"), &[fires(), silent()], "").contains("no section of that name"));
    let other = told(&rules("Up"), &[fires(), silent()], book);
    assert!(other.contains("runbook_url is not docs/runbooks.md#up"), "{other}");
    assert!(other.contains("Down is no alert") && other.contains("asks for Down"), "{other}");
}
