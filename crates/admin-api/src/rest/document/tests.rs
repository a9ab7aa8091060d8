use pipeline_spec::Pipeline;

use super::*;

fn wish(accept: &'static str) -> Wish {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    Wish::of(&headers)
}

#[test]
fn json_unless_yaml_is_wished() {
    assert_eq!(Wish::of(&HeaderMap::new()), Wish::Json);
    assert_eq!(wish("*/*"), Wish::Json);
    assert_eq!(wish("application/json, application/yaml"), Wish::Json);
    assert_eq!(wish("application/yaml"), Wish::Yaml);
    assert_eq!(wish("text/html, text/yaml;q=0.9, */*;q=0.1"), Wish::Yaml);
}

#[test]
fn a_document_written_as_yaml_reads_the_same() {
    let text = "name: a\nlabels: {yes: \"no\", n: \"1\"}\nsource: {topics: [t], start: {timestamp: 5}}\n\
                target: {database: d, table: t, order_by: [\"toDate(x)\", \"a b\"], partition_by: null}\n";
    let text = text.replace("\"a b\"", "b");
    let pipeline = Pipeline::from_yaml(&text).unwrap();
    let written = yaml(&pipeline).unwrap();
    assert_eq!(Pipeline::from_yaml(&written).unwrap(), pipeline, "{written}");
}
