use super::*;

fn at(raw: i64) -> Offset {
    Offset::new(raw).unwrap()
}

fn full() -> Metadata {
    let ranges = (0..RANGES_MAX as i64)
        .map(|index| Intent {
            first: at(i64::MAX - 100 + index * 10),
            last: at(i64::MAX - 91 + index * 10),
            rows: 1_000_000,
            bytes: u64::MAX,
            used: u64::MAX,
            nonce: Nonce(u64::MAX - 1),
            fingerprint: u64::MAX,
            revision: 7,
            unknown_ids: vec![u32::MAX; UNKNOWN_IDS_MAX],
        })
        .collect();
    let origin = Origin { partitions: u32::MAX, at_ms: i64::MAX };
    Metadata {
        lineage: Lineage {
            topic: Some(TopicId(u128::MAX / 3)),
            rewinds: u32::MAX,
            reset: Some(u64::MAX),
            origin,
        },
        ranges,
    }
}

#[test]
fn what_is_written_is_read() {
    let largest = full();
    assert_eq!(Metadata::parse(&largest.text(), largest.ranges[0].first), Ok(Some(largest)));
    let least = Metadata::default();
    assert_eq!(least.text(), "1;-;0;0@0;");
    assert_eq!(Metadata::parse(&least.text(), at(5)), Ok(Some(least)));
    assert_eq!(Metadata::parse("", at(5)), Ok(None));
}

#[test]
fn the_largest_fits_what_kafka_takes() {
    assert!(full().text().len() <= METADATA_BYTES_MAX / 2, "{}", full().text().len());
}

#[test]
fn the_format_is_the_same_in_every_release() {
    // Written by one release and read by another: when this changes, its version must.
    let text = "1;000000000000000000000000000000ff;2;4@1767225600000;\
                10-19:9:400:12:00000000000000ab:00000000000000cd:00000000000000ef:u7.8,\
                20-20:0:0:12:0000000000000001:0000000000000000:00000000000000ef";
    let parsed = Metadata::parse(text, at(10)).unwrap().unwrap();
    assert_eq!(parsed.lineage.topic, Some(TopicId(255)));
    assert_eq!(parsed.lineage.origin, Origin { partitions: 4, at_ms: 1_767_225_600_000 });
    assert_eq!((parsed.lineage.rewinds, parsed.lineage.reset), (2, None));
    assert_eq!(parsed.ranges.len(), 2);
    assert_eq!(parsed.ranges[0].unknown_ids, [7, 8]);
    assert_eq!((parsed.ranges[0].rows, parsed.ranges[1].last), (9, at(20)));
    assert_eq!(parsed.text(), text);
    let text = "1;-;3.00000000000000ab;0@0;";
    let parsed = Metadata::parse(text, at(10)).unwrap().unwrap();
    assert_eq!((parsed.lineage.rewinds, parsed.lineage.reset), (3, Some(0xab)));
    assert_eq!(parsed.text(), text);
}

#[test]
fn what_is_not_wholly_understood_is_refused() {
    let good = full();
    let first = good.ranges[0].first;
    let text = good.text();
    let mut bad = vec![
        text.replacen('1', "2", 1),
        text.replacen("1;", "1;;", 1),
        format!("{text};"),
        format!("{text},"),
        text.replace(":u4294967295", ":x4294967295"),
        text.replace(":u4294967295", ":u4294967295.1"),
        text.replace(":u4294967295", ":u"),
        format!("{text},{}", text.rsplit(',').next().unwrap()),
        "1;-;0;0@0;5-4:1:1:1:1:1:1".to_owned(),
        "1;-;0;0@0;4-4:1:1:1:1:1".to_owned(),
        "1;-;0;0@0;4-4:1:1:1:1:1:1:u1:x".to_owned(),
        "1;00ff;0;0@0;".to_owned(),
        "1;-;0;0;".to_owned(),
        "1;-;-1;0@0;".to_owned(),
        "1;-;1.;0@0;".to_owned(),
        "1;-;1.ab;0@0;".to_owned(),
        "1;-;1.00000000000000ab.1;0@0;".to_owned(),
        "offset by hand".to_owned(),
    ];
    let cut = |end| text.chars().take(end).collect();
    bad.extend((1..text.len()).step_by(7).map(cut));
    for text in bad {
        let offset = if text.contains(";4-4") { at(4) } else { first };
        // A text cut inside its last number may still be one.
        if let Ok(Some(read)) = Metadata::parse(&text, offset) {
            assert!(read != good && read.text() == text, "{text}");
        }
    }
    assert_eq!(Metadata::parse(&text, first.next()), Err(UnknownMetadata), "another offset");
    assert_eq!(Metadata::parse("2;-;0;0@0;", at(0)), Err(UnknownMetadata));
    assert_eq!(Metadata::parse("offset by hand", at(0)), Err(UnknownMetadata));
}
