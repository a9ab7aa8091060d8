use pipeline_spec::Pipeline;
use utoipa::PartialSchema as _;

use super::{docs::placeholders, shapes::PipelineShape, *};

#[test]
fn every_operation_has_its_own_id_and_says_what_it_needs() {
    let document = serde_json::to_value(document()).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            let statuses: Vec<&String> =
                operation["responses"].as_object().unwrap().keys().collect();
            // What is not told is not answered.
            assert!(!statuses.contains(&&"default".to_owned()), "{method} {path}");
            assert!(statuses.contains(&&"401".to_owned()), "{method} {path}");
            assert!(statuses.iter().any(|status| status.starts_with('2')), "{method} {path}");
            let public = operation["description"] == "Needs the role `public`.";
            assert_eq!(operation.get("security").is_none(), public, "{method} {path}");
            for name in placeholders(path) {
                let parameters = operation["parameters"].as_array().unwrap();
                assert!(parameters.iter().any(|one| one["name"] == name), "{method} {path}");
            }
        }
    }
    assert!(ids.contains("putPipeline"), "{ids:?}");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = serde_json::to_value(document()).unwrap();
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    assert!(text.contains("#/components/schemas/Pipeline\""));
}

#[test]
fn a_name_stands_for_one_schema() {
    let mut seen = std::collections::BTreeMap::new();
    for (name, schema) in described().1 {
        let schema = serde_json::to_value(schema).unwrap();
        let before = seen.insert(name.clone(), schema.clone());
        assert!(before.is_none_or(|before| before == schema), "two types are called {name}");
    }
    assert!(seen.contains_key("TopicSummaryPage") && seen.contains_key("PipelineSummaryPage"));
}

#[test]
fn the_schema_of_documents_has_every_field_of_a_document() {
    let schema: Value = serde_json::from_str(include_str!("pipeline.json")).unwrap();
    let text = "name: a\nsource: {topics: [t], group: g}\ntarget: {database: d, table: t, \
                accept_unverified_engine: true}\n";
    let document = serde_json::to_value(Pipeline::from_yaml(text).unwrap()).unwrap();
    check(&document, &schema, "");
    // The library read it, so nothing of it is lost in the document.
    let shown = serde_json::to_value(PipelineShape::schema()).unwrap();
    assert!(shown["properties"]["target"]["properties"]["order_by"].is_object(), "{shown}");
}

fn check(document: &Value, schema: &Value, at: &str) {
    let Some(fields) = document.as_object() else { return };
    if schema.get("additionalProperties").is_some() {
        return;
    }
    for (name, value) in fields {
        let inner = &schema["properties"][name];
        assert!(inner.is_object(), "{at}/{name} is not in the schema");
        check(value, inner, &format!("{at}/{name}"));
    }
    for name in schema["properties"].as_object().unwrap().keys() {
        let optional = ["pattern", "rename"].contains(&name.as_str());
        assert!(optional || fields.contains_key(name), "{at}/{name} is not in the document");
    }
}
