//! SQL a person wrote in, a verdict out: one expression that cannot become a second statement.

use crate::SchemaError;

/// Characters of one expression.
const LENGTH_MAX: usize = 1_000;

/// Accepts text that stays inside the brackets it is put into: quotes and parentheses closed, no
/// comment, no semicolon. Whether it means anything is for the server to say.
pub(super) fn check_expression(what: &str, text: &str) -> Result<(), SchemaError> {
    let refuse = |problem: &str| Err(SchemaError::new(&[], format!("{what}: {problem}")));
    if text.trim().is_empty() {
        return refuse("empty");
    }
    if text.len() > LENGTH_MAX {
        return refuse("too long");
    }
    let mut open = 0_usize;
    let mut quote = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(_), '\\') => {
                letters.next();
            }
            (Some(mark), letter) if letter == mark => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '`' | '"') => quote = Some(letter),
            (None, '(' | '[') => open += 1,
            (None, ')' | ']') if open > 0 => open -= 1,
            (None, ')' | ']') => return refuse("a bracket too many"),
            (None, ';' | '#' | '\\' | '\0') => return refuse("a character that has no place here"),
            (None, '-') if letters.peek() == Some(&'-') => return refuse("a comment"),
            (None, '/') if matches!(letters.peek(), Some('*' | '/')) => return refuse("a comment"),
            (None, _) => {}
        }
    }
    if open > 0 || quote.is_some() {
        return refuse("a bracket or quote that is not closed");
    }
    Ok(())
}

/// Accepts `NameMergeTree` and `NameMergeTree(arguments)`: only this family has the settings that
/// deduplication needs.
pub(super) fn check_engine(text: &str) -> Result<(), SchemaError> {
    let text = text.trim();
    let (name, arguments) = text.split_once('(').unwrap_or((text, ")"));
    let is_word = name.chars().all(|letter| letter.is_ascii_alphanumeric());
    match arguments.strip_suffix(')') {
        Some(arguments) if is_word && name.ends_with("MergeTree") => {
            // What stands between the brackets must not close them itself.
            if arguments.trim().is_empty() { Ok(()) } else { check_expression("engine", arguments) }
        }
        _ => Err(SchemaError::new(&[], "engine: not of the MergeTree family")),
    }
}
