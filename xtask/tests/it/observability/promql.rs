//! A query in, the names of the metrics that it asks for out.

use std::collections::BTreeSet;

/// Words of the language that stand where a name could.
const WORDS: [&str; 12] = [
    "and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", "by", "without", "on",
    "ignoring",
];

/// Words whose brackets hold labels.
const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// The names, each once.
pub(super) fn metrics(query: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = query;
    while let Some(letter) = rest.chars().next() {
        rest = match letter {
            '{' => after(rest, '}'),
            '[' => after(rest, ']'),
            '"' | '\'' => after(behind(rest, 1), letter),
            _ if is_part(letter) => {
                let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
                let (word, rest) = rest.split_at(end);
                let next = rest.trim_start();
                if GROUPING.contains(&word) && next.starts_with('(') {
                    after(rest, ')')
                } else {
                    if is_metric(word, next) {
                        names.insert(word.to_owned());
                    }
                    rest
                }
            }
            _ => behind(rest, letter.len_utf8()),
        };
    }
    names
}

/// Functions stand before a bracket, aggregations before one or before how they group.
fn is_metric(word: &str, next: &str) -> bool {
    let is_number = word.starts_with(|letter: char| letter.is_ascii_digit());
    let is_function = ["(", "by ", "by(", "without"].iter().any(|mark| next.starts_with(mark));
    !is_number && !is_function && !WORDS.contains(&word.to_lowercase().as_str())
}

fn is_part(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':' | '.' | '$')
}

fn behind(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// What is behind the next `end` that is not quoted.
fn after(text: &str, end: char) -> &str {
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' if end != '"' => quoted = !quoted,
            _ if letter == end && !quoted => return behind(text, at + letter.len_utf8()),
            _ => {}
        }
    }
    ""
}

#[test]
fn names_are_told_from_everything_else() {
    let query = r#"1 - sum by (pipeline, le) (rate(a_bucket{le=~"30|30.0",x="}"}[$__rate_interval]))
        / on (instance) group_left (job) c:d:ratio_rate5m > 14.4 * 0.01 and max_over_time(e[5m:1m])
        unless (vector(0) or time() - f > 0) offset 5m"#;
    let names: Vec<_> = metrics(query).into_iter().collect();
    assert_eq!(names, ["a_bucket", "c:d:ratio_rate5m", "e", "f"]);
}
