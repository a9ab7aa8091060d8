//! An expression for a key of the table in, the reason to refuse it out.

/// Longest expression: it is repeated in every answer about the table.
const BYTES_MAX: usize = 512;

/// Functions whose value is not given by the row alone. With one in the partition key a batch
/// replayed later would fall into other table partitions and be inserted a second time (rule R0);
/// in the sorting key it has no use.
const IMPURE: [&str; 22] = [
    "now",
    "now64",
    "nowinblock",
    "today",
    "yesterday",
    "current_timestamp",
    "current_date",
    "curdate",
    "localtimestamp",
    "utctimestamp",
    "utc_timestamp",
    "rand",
    "rand32",
    "rand64",
    "randconstant",
    "rand_r",
    "generateuuidv4",
    "generateuuidv7",
    "generateulid",
    "generatesnowflakeid",
    "rownumberinblock",
    "rownumberinallblocks",
];

/// Says why `text` cannot be a key, or nothing.
///
/// The server checks the rest. Here is refused what could reach beyond the expression's place in
/// the statement, and what would break replays.
pub(super) fn problem(text: &str) -> Option<String> {
    if text.trim().is_empty() || text.len() > BYTES_MAX {
        return Some(format!("must be 1 to {BYTES_MAX} bytes"));
    }
    if text.contains(|c: char| c.is_control() || matches!(c, ';' | '"' | '`' | '\\' | '#')) {
        return Some(
            "must not contain `;`, `#`, `\\`, control characters or quotes but '".to_owned(),
        );
    }
    if ["--", "/*"].iter().any(|comment| text.contains(comment)) {
        return Some("must not contain comments".to_owned());
    }
    if !balanced(text) {
        return Some("its parentheses or quotes do not match".to_owned());
    }
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.map(str::to_ascii_lowercase).find(|word| IMPURE.contains(&word.as_str())).map(|word| {
        format!("`{word}` does not depend on the row alone, so a replayed batch would double")
    })
}

/// Whether nothing in `text` can end the parentheses put around it. There is no backslash in it,
/// and a quote doubled inside a text ends and opens one, which comes to the same.
fn balanced(text: &str) -> bool {
    let mut depth = 0_u32;
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return false,
            },
            _ => {}
        }
    }
    depth == 0 && !quoted
}
