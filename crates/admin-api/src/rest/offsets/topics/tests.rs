use serde_json::json;

use super::*;

fn mirror(topic: &str, metadata: &str) -> Mirror {
    Mirror {
        topic: topic.to_owned(),
        partition: 0,
        offset: 7,
        metadata: metadata.to_owned(),
        at_ms: 0,
        reset: None,
    }
}

#[test]
fn topics_are_told_by_what_was_committed_and_by_their_owners() {
    let lineage =
        deliver::Lineage { topic: Some(deliver::TopicId(0xabc)), ..deliver::Lineage::default() };
    let written = Metadata { lineage, ..Metadata::default() }.text();
    let mirrors = [mirror("t", &written), mirror("u", ""), mirror("v", "of somebody else")];
    let before = before(mirrors.iter());
    assert_eq!(before.keys().copied().collect::<Vec<_>>(), ["t"]);

    let status: InstanceStatus = serde_json::from_value(json!({
        "instance": "i", "pipeline": "a", "at_ms": 0, "version": 1, "revision": "r",
        "state": "paused",
        "partitions": [
            {"topic": "t", "partition": 0, "topic_id": deliver::TopicId(0xabc).to_string()},
            {"topic": "u", "partition": 0},
        ],
    }))
    .unwrap();
    let now = ids([&status].into_iter());
    assert_eq!(now.get("t").copied(), before.get("t").map(String::as_str));
    assert_eq!(now.get("u"), None);
}
