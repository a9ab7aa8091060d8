//! Names as written in, full names out.

/// The full name of `name` written inside `namespace`: a name with dots is full already, and its
/// namespace is what stands before the last dot.
pub(super) fn full(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() {
        name.trim_start_matches('.').to_owned()
    } else {
        format!("{namespace}.{name}")
    }
}

/// What stands before the last dot of a full name.
pub(super) fn namespace_of(full: &str) -> &str {
    full.rsplit_once('.').map_or("", |(namespace, _)| namespace)
}

/// Whether each part between dots is a word of letters, digits and `_`, no digit first.
pub(super) fn is_valid(full: &str) -> bool {
    full.split('.').all(is_word)
}

/// Whether `name` is one such word. Other letters than ASCII ones are let through: writers that
/// do not check exist, and every place a name goes to quotes it.
pub(super) fn is_word(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '$'))
}
