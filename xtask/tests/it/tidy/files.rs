//! A Rust file in, what is wrong with its size, name and shortcuts out.

use std::path::Path;

const LINES_MAX: usize = 500;

/// Names that say nothing, so that everything ends up there.
const VAGUE: [&str; 7] = ["common", "utils", "types", "errors", "helpers", "traits", "macros"];

/// What no file may hold, with what to do instead. Split, so that this file may hold them.
const BANNED: [(&str, &str); 6] = [
    (concat!("#[", "allow("), "use #[expect(.., reason = \"..\")]"),
    (concat!("#![", "allow("), "use #[expect(.., reason = \"..\")]"),
    (concat!("#[", "ignore"), "a test that is not run proves nothing"),
    (concat!("todo", "!("), "finish it"),
    (concat!("unimplemented", "!("), "finish it"),
    (concat!("thread::", "sleep("), "wait for the event itself"),
];

/// All complaints about the file `path` (relative, with `/`).
pub(super) fn complaints(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > LINES_MAX {
        found.push(format!("{path}: {lines} lines, at most {LINES_MAX}: split by responsibility"));
    }
    for (number, line) in text.lines().enumerate() {
        for (banned, instead) in BANNED {
            if line.contains(banned) {
                found.push(format!("{path}:{}: `{banned}`: {instead}", number + 1));
            }
        }
        if let Some(name) = declared_module(line)
            && VAGUE.contains(&name)
        {
            found.push(format!("{path}:{}: a module named `{name}` says nothing", number + 1));
        }
    }
    let parts = Path::new(path).with_extension("");
    for part in parts.iter().filter_map(|part| part.to_str()) {
        if VAGUE.contains(&part) {
            found.push(format!("{path}: a file or folder named `{part}` says nothing"));
        }
    }
    let is_unit_test = parts.ends_with("tests");
    if !is_unit_test && !text.starts_with("//!") {
        found.push(format!("{path}: opens without a sentence on what goes in and what comes out"));
    }
    if text.contains(concat!("mod tests", " {")) {
        found.push(format!("{path}: unit tests belong into a sibling `tests.rs`"));
    }
    found
}

/// The name in `mod name;` or `mod name {`, with any visibility.
fn declared_module(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let after_visibility = match line.strip_prefix("pub") {
        Some(rest) => rest.split_once(' ')?.1,
        None => line,
    };
    let name = after_visibility.strip_prefix("mod ")?;
    name.split([';', ' ', '{']).next()
}
