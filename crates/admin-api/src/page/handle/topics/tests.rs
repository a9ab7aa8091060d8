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
        let document = document(topic, "shop");
        let spec = Pipeline::from_yaml(&document).unwrap_or_else(|why| panic!("{topic}: {why:?}"));
        assert_eq!(spec.source.topics, [topic]);
    }
}

#[test]
fn the_table_goes_where_the_settings_say() {
    for database in ["shop", "Warehouse-2", "no", "1e3"] {
        let spec = Pipeline::from_yaml(&document("sales", database)).unwrap();
        assert_eq!(spec.target.database, database);
    }
}
