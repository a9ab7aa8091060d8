use schema_map::{ColumnType, TableColumn, TableLayout};

use super::*;
use crate::{
    guarantee::FindingKind,
    inspect::{View, ViewTarget},
};

/// A table that gives everything, on a server that says which one it is.
fn perfect() -> Seen {
    let columns = [("_topic", "String"), ("_partition", "UInt32"), ("_offset", "UInt64")];
    let columns = columns.map(|(name, text)| TableColumn {
        name: name.to_owned(),
        column_type: ColumnType::parse(text),
        default: schema_map::DefaultKind::None,
    });
    let (database, table) = ("shop".to_owned(), "sales".to_owned());
    Seen {
        version: "25.8.1.5101".to_owned(),
        servers: vec!["0d0f8a12-0000-0000-0000-000000000001".to_owned(); 8],
        loopback: false,
        account: "schema".to_owned(),
        table: Inspected {
            layout: TableLayout { database, table, columns: columns.into() },
            engine: "MergeTree".to_owned(),
            engine_full: "MergeTree ORDER BY id".to_owned(),
            partition_key: "id".to_owned(),
            sorting_key: "id".to_owned(),
            deduplication_window: Some(100_000),
            views: Vec::new(),
        },
        tables: vec![table_named("sales")],
    }
}

fn table_named(name: &str) -> SeenTable {
    let column = |name: &str, kind: &str, expression: &str, in_partition_key| SeenColumn {
        name: name.to_owned(),
        kind: kind.to_owned(),
        expression: expression.to_owned(),
        in_partition_key,
    };
    SeenTable {
        database: "shop".to_owned(),
        table: name.to_owned(),
        engine: "MergeTree".to_owned(),
        partition_key: "toYYYYMM(day)".to_owned(),
        window: Some(100_000),
        columns: vec![
            column("id", "", "", false),
            column("day", "DEFAULT", "toDate(ts)", true),
            column("ts", "DEFAULT", "fromUnixTimestamp(id)", false),
            column("seen", "MATERIALIZED", "now()", false),
        ],
        readable: true,
    }
}

fn view(select: &str, target: Option<&str>) -> View {
    View {
        database: "shop".to_owned(),
        name: "hourly".to_owned(),
        select: select.to_owned(),
        target: target.map(|partition_key| ViewTarget {
            database: "shop".to_owned(),
            table: "copies".to_owned(),
            engine: "MergeTree".to_owned(),
            partition_key: partition_key.to_owned(),
            deduplication_window: Some(100_000),
        }),
    }
}

/// What is found when the perfect table is changed.
fn changed(change: impl FnOnce(&mut Seen)) -> Guarantee {
    let mut seen = perfect();
    change(&mut seen);
    judge(&seen, &GuaranteeOptions::default())
}

#[track_caller]
fn check(change: impl FnOnce(&mut Seen), kind: FindingKind, weakens: bool) -> Guarantee {
    let found = changed(change);
    let kinds: Vec<_> = found.findings.iter().map(|found| (found.kind, found.weakens)).collect();
    assert_eq!(kinds, [(kind, weakens)]);
    let expected = if weakens { Delivery::AtLeastOnce } else { Delivery::ExactlyOnce };
    assert_eq!(found.delivery, expected);
    found
}

#[test]
fn a_table_with_everything_gives_everything() {
    let found = changed(|_| {});
    assert_eq!(found.findings, []);
    assert_eq!((found.delivery, found.window), (Delivery::ExactlyOnce, 100_000));
    assert!(found.row_check && !found.views);
    assert_eq!(found.tables, [("shop".to_owned(), "sales".to_owned())]);
}

#[test]
fn versions_are_compared_as_numbers() {
    for version in ["25.7.9.9", "9.10.1", "25", "", "x.y", "25.x"] {
        check(|seen| seen.version = version.to_owned(), FindingKind::ServerVersion, true);
    }
    for version in ["25.8.0.0", "25.10.1", "26.1", "100.1.1"] {
        assert_eq!(changed(|seen| seen.version = version.to_owned()).findings, [], "{version}");
    }
}

#[test]
fn one_server_must_answer() {
    let other = "0d0f8a12-0000-0000-0000-000000000002".to_owned();
    let found = check(|seen| seen.servers[7] = other, FindingKind::SeveralServers, true);
    assert!(found.why().contains("2 different servers"), "{}", found.why());

    let zeros = || vec!["00000000-0000-0000-0000-000000000000".to_owned(); 8];
    check(|seen| seen.servers = zeros(), FindingKind::ServerUnknown, false);
    check(|seen| seen.servers = Vec::new(), FindingKind::ServerUnknown, false);
    let near = changed(|seen| (seen.servers, seen.loopback) = (zeros(), true));
    assert_eq!(near.findings, []);
    // One that tells and one that does not are two.
    let mixed = |seen: &mut Seen| (seen.servers[0], seen.loopback) = (zeros().remove(0), true);
    check(mixed, FindingKind::SeveralServers, true);
}

#[test]
fn only_engines_with_tests_are_trusted() {
    for engine in
        ["ReplicatedMergeTree", "SharedMergeTree", "Distributed", "Buffer", "Null", "Log", ""]
    {
        let change = |seen: &mut Seen| seen.tables[0].engine = engine.to_owned();
        let found = check(change, FindingKind::Engine, true);
        assert_eq!(found.window, 0, "{engine}");

        let mut seen = perfect();
        change(&mut seen);
        let accepted = judge(&seen, &GuaranteeOptions { accept_unverified_engine: true });
        assert_eq!(accepted.delivery, Delivery::ExactlyOnce, "{engine}");
        assert_eq!((accepted.findings.len(), accepted.window), (1, 0), "{engine}");
    }
}

#[test]
fn the_window_must_outlast_an_outage() {
    for (window, kind, weakens) in [
        (None, FindingKind::NoWindow, true),
        (Some(0), FindingKind::NoWindow, true),
        (Some(9_999), FindingKind::WindowTooSmall, true),
        (Some(10_000), FindingKind::WindowBelowRecommended, false),
        (Some(99_999), FindingKind::WindowBelowRecommended, false),
    ] {
        let found = check(|seen| seen.tables[0].window = window, kind, weakens);
        assert_eq!(found.window, window.unwrap_or(0));
        let detail = &found.findings[0].detail;
        let statement = "ALTER TABLE `shop`.`sales` MODIFY SETTING \
                         non_replicated_deduplication_window = 100000";
        assert!(detail.ends_with(statement), "{detail}");
    }
    assert_eq!(changed(|seen| seen.tables[0].window = Some(1_000_000)).findings, []);
}

#[test]
fn the_row_alone_must_decide_the_partition() {
    let key =
        |key: &'static str| move |seen: &mut Seen| seen.tables[0].partition_key = key.to_owned();
    check(key("dictGet('d', 'v', id)"), FindingKind::PartitionKey, true);

    let fill = |column: usize, expression: &'static str| {
        move |seen: &mut Seen| seen.tables[0].columns[column].expression = expression.to_owned()
    };
    check(fill(1, "today()"), FindingKind::PartitionDefault, true);
    // Through another column, and through one that is not stored.
    let found = check(fill(2, "now()"), FindingKind::PartitionDefault, true);
    let detail = &found.findings[0].detail;
    assert!(detail.ends_with("MODIFY COLUMN `ts` REMOVE DEFAULT"), "{detail}");
    check(fill(1, "toDate(`seen`)"), FindingKind::PartitionDefault, true);
    // Columns that fill each other do not keep us busy for ever.
    assert_eq!(changed(fill(2, "toDateTime(day)")).findings, []);
}

#[test]
fn views_are_part_of_the_promise() {
    let behind = |view: View| {
        move |seen: &mut Seen| {
            seen.table.views.push(view);
            seen.tables.push(SeenTable { window: Some(20_000), ..table_named("copies") });
        }
    };
    let kinds = |found: &Guarantee| -> Vec<_> {
        found.findings.iter().map(|found| (found.kind, found.weakens)).collect()
    };
    let usual = [(FindingKind::WindowBelowRecommended, false), (FindingKind::RowCheckViews, false)];
    let found = changed(behind(view("SELECT id, now() FROM shop.sales", Some(""))));
    assert_eq!(kinds(&found), usual);
    assert!(found.views && !found.row_check);
    assert_eq!((found.window, found.tables.len()), (20_000, 2));

    let found = changed(behind(view("SELECT id, now() AS t FROM shop.sales", Some("t"))));
    assert_eq!(kinds(&found), [usual[0], (FindingKind::PartitionView, true), usual[1]]);

    let found = changed(behind(view("", None)));
    assert_eq!(kinds(&found), [usual[0], (FindingKind::ViewUnseen, true), usual[1]]);
    assert!(found.why().contains("account schema cannot see"), "{}", found.why());
}

#[test]
fn a_count_must_prove_something() {
    let engine = |engine: &str, full: &str| {
        let (engine, full) = (engine.to_owned(), full.to_owned());
        move |seen: &mut Seen| (seen.table.engine, seen.table.engine_full) = (engine, full)
    };
    for (name, full) in [
        ("SummingMergeTree", "SummingMergeTree ORDER BY id"),
        ("ReplacingMergeTree", "ReplacingMergeTree ORDER BY id"),
        ("CollapsingMergeTree", "CollapsingMergeTree(sign) ORDER BY id"),
    ] {
        assert!(!check(engine(name, full), FindingKind::RowCheckEngine, false).row_check);
    }
    let versioned = engine("ReplacingMergeTree", "ReplacingMergeTree(_offset) ORDER BY id");
    assert!(changed(versioned).row_check);

    let fewer = |seen: &mut Seen| drop(seen.table.layout.columns.pop());
    assert!(!check(fewer, FindingKind::RowCheckColumns, false).row_check);
    let unread = |seen: &mut Seen| seen.tables[0].readable = false;
    let found = check(unread, FindingKind::SelectGrant, false);
    assert!(!found.row_check);
    let detail = &found.findings[0].detail;
    assert!(detail.ends_with("GRANT SELECT ON `shop`.`sales` TO `schema`"), "{detail}");
}
