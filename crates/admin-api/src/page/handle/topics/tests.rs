use pipeline_spec::Pipeline;

use super::*;

#[test]
fn the_document_to_begin_with_is_valid_for_any_topic() {
    let long = "x".repeat(249);
    for topic in [
        "sales",
        "shop.public.Orders_v2",
        "_",
        "...",
        &long,
        "1-2",
        "123",
        "1_2",
        "NULL",
        "no",
        "1e3",
    ] {
        let document = document(topic, "shop", |_| false);
        let spec = Pipeline::from_yaml(&document).unwrap_or_else(|why| panic!("{topic}: {why:?}"));
        assert_eq!(spec.source.topics, [topic]);
    }
}

#[test]
fn the_name_is_a_free_one() {
    let name = |topic: &str, taken: &[&str]| {
        Pipeline::from_yaml(&document(topic, "shop", |name| taken.contains(&name))).unwrap().name
    };
    assert_eq!(name("sales", &["orders"]), "sales");
    assert_eq!(name("Sales", &["sales", "sales-2"]), "sales-3");
    let long = "x".repeat(59);
    assert_eq!(name(&"x".repeat(249), &[&long]), format!("{long}-2"));
    let all = Pipeline::from_yaml(&document("sales", "shop", |_| true)).unwrap();
    assert_eq!(all.name, "sales", "whoever creates it is told");
}

#[test]
fn the_table_goes_where_the_settings_say() {
    for database in ["shop", "Warehouse-2", "no", "1e3"] {
        let spec = Pipeline::from_yaml(&document("sales", database, |_| false)).unwrap();
        assert_eq!(spec.target.database, database);
    }
}
