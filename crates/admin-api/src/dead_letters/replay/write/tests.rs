use super::*;

const REPLAYS: &str = "ns.replay.p";

type Pairs = Vec<(String, Vec<u8>)>;

fn pairs(copy: &Copy<'_>) -> Pairs {
    let original = copy
        .original
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec).unwrap_or_default()));
    let own = copy.own.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes()));
    original.chain(own).collect()
}

/// What the sink adds when a record at this place is bad.
fn letter_of(headers: Pairs, topic: &str, offset: &str, attempt: &str) -> Pairs {
    let own = [
        ("penstock.reason", "truncated"),
        ("penstock.detail", ""),
        ("penstock.topic", topic),
        ("penstock.partition", "0"),
        ("penstock.offset", offset),
        ("penstock.timestamp", "1000"),
        ("penstock.pipeline", "p"),
        ("penstock.attempt", attempt),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    headers.into_iter().chain(own).collect()
}

fn copy_of(headers: &Pairs) -> Pairs {
    let headers: Vec<Header<'_>> =
        headers.iter().map(|(name, value)| (name.as_str(), Some(value.as_slice()))).collect();
    pairs(&Copy::made(&headers, (0, 5), REPLAYS).unwrap())
}

fn expected(topic: &str, offset: &str, attempt: &str, origin: &str) -> Pairs {
    [
        ("trace", "x"),
        ("penstock.topic", topic),
        ("penstock.partition", "0"),
        ("penstock.offset", offset),
        ("penstock.timestamp", "1000"),
        ("penstock.attempt", attempt),
        ("penstock.origin", origin),
        ("penstock.dead-letter.partition", "0"),
        ("penstock.dead-letter.offset", "5"),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .into()
}

#[test]
fn a_copy_says_where_it_came_from() {
    let record = vec![("trace".to_owned(), b"x".to_vec())];
    let first = copy_of(&letter_of(record, "sales", "42", "1"));
    assert_eq!(first, expected("sales", "42", "2", "sales/0/42"));
    // It fails again, is a letter of the replay topic, and is replayed: nothing piles up.
    let second = copy_of(&letter_of(first, REPLAYS, "9", "2"));
    assert_eq!(second, expected(REPLAYS, "9", "3", "sales/0/42"));
    let third = copy_of(&letter_of(second, REPLAYS, "11", "3"));
    assert_eq!(third, expected(REPLAYS, "11", "4", "sales/0/42"));
}

#[test]
fn an_attempt_that_is_no_number_is_the_first() {
    let record = vec![("trace".to_owned(), b"x".to_vec())];
    let copy = copy_of(&letter_of(record, "sales", "42", "many"));
    assert_eq!(copy, expected("sales", "42", "2", "sales/0/42"));
}
