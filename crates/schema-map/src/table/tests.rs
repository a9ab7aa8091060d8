use super::{DefaultKind, TableColumn, TableLayout, identifier, quoted};
use crate::ColumnType;

fn layout() -> TableLayout {
    let column = |name: &str, column_type: &str| TableColumn {
        name: name.to_owned(),
        column_type: ColumnType::parse(column_type),
        default: DefaultKind::None,
    };
    TableLayout {
        database: "shop".to_owned(),
        table: "sales".to_owned(),
        columns: vec![column("a", "Int32"), column("b", "String")],
    }
}

#[test]
fn a_fingerprint_is_stable_and_sees_every_change() {
    let original = layout().fingerprint();
    assert_eq!(
        original, 13_940_501_710_234_070_827,
        "fingerprints are stored: this number must not change"
    );
    let changes: [fn(&mut TableLayout); 6] = [
        |layout| layout.database.push('x'),
        |layout| layout.table.push('x'),
        |layout| layout.columns.swap(0, 1),
        |layout| layout.columns[0].name.push('x'),
        |layout| layout.columns[0].column_type = ColumnType::Int64,
        |layout| layout.columns[1].default = DefaultKind::Default,
    ];
    for change in changes {
        let mut changed = layout();
        change(&mut changed);
        assert_ne!(changed.fingerprint(), original, "{changed:?}");
    }
}

#[test]
fn kinds_of_default_are_those_of_the_server() {
    assert_eq!(DefaultKind::parse(""), Some(DefaultKind::None));
    assert_eq!(DefaultKind::parse("EPHEMERAL"), Some(DefaultKind::Ephemeral));
    assert_eq!(DefaultKind::parse("SOMETHING"), None);
}

#[test]
fn names_are_quoted_where_they_must_be() {
    assert_eq!(identifier("plain_1"), "plain_1");
    assert_eq!(identifier("String"), "`String`");
    assert_eq!(identifier("1st"), "`1st`");
    assert_eq!(identifier(""), "``");
    assert_eq!(quoted("a`b\\c"), "`a\\`b\\\\c`");
}
