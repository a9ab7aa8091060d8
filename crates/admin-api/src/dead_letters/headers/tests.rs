use super::*;

fn header<'a>(name: &'a str, value: &'a str) -> Header<'a> {
    (name, Some(value.as_bytes()))
}

fn letter<'a>(before: &[Header<'a>]) -> Vec<Header<'a>> {
    let own = [
        ("penstock.reason", "truncated"),
        ("penstock.detail", "at id"),
        ("penstock.topic", "sales"),
        ("penstock.partition", "3"),
        ("penstock.offset", "42"),
        ("penstock.timestamp", "1000"),
        ("penstock.pipeline", "p"),
        ("penstock.attempt", "1"),
    ];
    before.iter().copied().chain(own.map(|(name, value)| header(name, value))).collect()
}

#[test]
fn the_headers_behind_are_ours_and_the_ones_before_are_not() {
    let brought = [
        ("trace", Some([0xff, 0x00].as_slice())),
        ("empty", None),
        header("penstock.topic", "forged"),
        header("penstock.offset", "7"),
        header("penstock.attempt", "900"),
    ];
    let headers = letter(&brought);
    let parts = of_letter(&headers);
    assert_eq!(parts.original, brought);
    let position = Position { topic: "sales".to_owned(), partition: 3, offset: 42 };
    assert_eq!(parts.position(), Some(position));
    assert_eq!(parts.number::<u32>("penstock.attempt"), Some(1));
    assert_eq!(parts.text("penstock.reason"), Some("truncated"));
}

#[test]
fn a_letter_of_a_letter_is_the_outer_one() {
    let inner = letter(&[header("trace", "x")]);
    let outer = letter(&inner);
    let parts = of_letter(&outer);
    assert_eq!(parts.original, inner);
    assert_eq!(of_letter(parts.original).original, [header("trace", "x")]);
}

/// A header of ours counts only where ours stand.
#[test]
fn a_brought_header_does_not_stand_in_for_one_that_is_missing() {
    let mut headers = letter(&[header("penstock.topic", "forged"), header("trace", "x")]);
    headers.retain(|header| *header != ("penstock.topic", Some(b"sales".as_slice())));
    let parts = of_letter(&headers);
    assert_eq!(parts.position(), None);
    assert_eq!(parts.original, [header("penstock.topic", "forged"), header("trace", "x")]);
}

#[test]
fn what_is_not_ours_says_nothing() {
    for headers in [
        vec![],
        vec![header("penstock.other", "x")],
        vec![header("penstock.topic", "t"), header("penstock.partition", "x")],
        vec![header("penstock.topic", "t"), header("foreign", "x")],
        vec![("penstock.topic", Some([0xff].as_slice())), ("penstock.offset", None)],
    ] {
        assert_eq!(of_letter(&headers).position(), None, "{headers:?}");
    }
    let mut headers = letter(&[]);
    headers[4].1 = Some(b"99999999999999999999");
    assert_eq!(of_letter(&headers).position(), None);
}
