use crate::Pipeline;

const SALES: &str = "
name: sales
source: {topics: [sales]}
target: {database: shop, table: sales}
";

fn read(text: &str) -> Pipeline {
    Pipeline::from_yaml(text).unwrap()
}

#[test]
fn spelling_does_not_change_the_revision() {
    let revision = read(SALES).revision();
    let json = r#"{"target": {"table": "sales", "database": "shop"}, "workers": 1,
        "source": {"topics": ["sales"], "start": "earliest"}, "name": "sales"}"#;
    assert_eq!(read(json).revision(), revision);
    assert!(revision.len() == 32 && revision.bytes().all(|b| b.is_ascii_hexdigit()));
}

#[test]
fn the_revision_is_the_same_in_every_release() {
    // Stored beside offsets: when this changes, running pipelines meet ranges of another revision.
    assert_eq!(read(SALES).revision(), "e6ac2185f55b0864c3dda1b5686f6ae0");
}

#[test]
fn every_change_of_meaning_changes_the_revision() {
    let mut seen = vec![read(SALES).revision()];
    for change in [
        "workers: 2",
        "state: paused",
        "delivery: at-least-once",
        "on_error: stop",
        "labels: {a: b}",
        "labels: {b: a}",
        "batch: {rows_max: 1}",
        "batch: {age_ms: 1}",
    ] {
        let revision = read(&format!("{SALES}{change}\n")).revision();
        assert!(!seen.contains(&revision), "{change}");
        seen.push(revision);
    }
}

/// It came later than the first stored revisions: unset, it must not show in them.
#[test]
fn accepting_an_unverified_engine_counts_only_when_it_is_set() {
    let with = |value: &str| {
        let field = format!("sales, accept_unverified_engine: {value}}}");
        read(&SALES.replace("sales}", &field)).revision()
    };
    assert_eq!(with("false"), read(SALES).revision());
    assert_ne!(with("true"), read(SALES).revision());
}

#[test]
fn names_come_from_namespace_and_name() {
    let pipeline = read(SALES);
    assert_eq!(pipeline.group("penstock"), "penstock.sales");
    assert_eq!(pipeline.dead_letter_topic("penstock"), "penstock.dead-letters.sales");
    let own = read(&SALES.replace("[sales]}", "[sales], group: reporting}"));
    assert_eq!(own.group("penstock"), "reporting");
}
