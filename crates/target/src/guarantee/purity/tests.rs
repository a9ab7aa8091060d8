use super::*;

fn found(expression: &str) -> Option<String> {
    impurity(expression, |name| matches!(name, "id" | "ts" | "current_date"))
}

#[test]
fn the_row_alone_decides() {
    for expression in [
        "",
        "id % 7",
        "(toYYYYMM(ts), id)",
        "toDate('2024-01-01')",
        "cityHash64(id, 'now()')",
        "concat('it''s now()', `rand`, \"today\")",
        "concat('\\'now()', name)",
        "current_date",
        "toUInt64(1e5)",
        "now",
        "snow(id)",
        "toStartOfInterval(ts, toIntervalHour(1))",
        "CAST(id, 'LowCardinality(String)')",
    ] {
        assert_eq!(found(expression), None, "{expression}");
    }
}

#[test]
fn what_else_decides_is_named() {
    for (expression, what) in [
        ("now()", "now()"),
        ("toDate(NOW64 (3))", "NOW64()"),
        ("id + `rand`()", "rand()"),
        ("'a' || generateUUIDv7()", "generateUUIDv7()"),
        ("dictGetUInt64('d', 'v', id)", "dictGetUInt64()"),
        ("joinGet(j, 'v', id)", "joinGet()"),
        ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"),
        ("toDate(current_timestamp)", "current_timestamp"),
        ("hostName()", "hostName()"),
        ("rowNumberInAllBlocks() % 2", "rowNumberInAllBlocks()"),
        ("1and now()", "now()"),
    ] {
        assert_eq!(found(expression).as_deref(), Some(what), "{expression}");
    }
}

#[test]
fn hostile_text_ends() {
    for expression in ["'", "`", "\"now(", "'\\", "(((", "\u{0}(", "é('", "now("] {
        names(expression);
    }
    assert_eq!(names("`a\\`b` + \"c\"\"d\"").others, ["a`b", "c\"d"]);
}
