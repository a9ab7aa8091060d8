use super::{super::DOCUMENT, Table};

const TEXT: &str = "x
<!-- a: begin -->

| what | one | two |
|---|---|---|
| `topic a` | R | - |
<!-- a: end -->";

fn found(one: &str, two: &str) -> super::Found {
    let cell =
        |column: &str, value: &str| (("topic a".to_owned(), column.to_owned()), value.to_owned());
    [cell("one", one), cell("two", two)].into()
}

#[test]
fn what_differs_is_named() {
    let table = Table::read(TEXT, "a").unwrap();
    assert_eq!(table.differences(&found("R", "-")), Vec::<String>::new());
    assert_eq!(table.differences(&found("R", "W")), ["two, topic a: \"-\" is written, but \"W\""]);
    assert_eq!(table.differences(&found("", "-")).len(), 1);
    assert_eq!(table.differences(&super::Found::new()).len(), 2);
}

#[test]
fn the_document_has_every_table() {
    for name in ["kafka", "clickhouse", "networks"] {
        let table = Table::read(DOCUMENT, name).unwrap();
        assert!(table.rows.len() > 3, "{name}");
    }
    assert!(Table::read(DOCUMENT, "nothing").is_err());
}
