//! A document and a block in, the document with that block in its place out.

/// Replaces what stands between `<!-- name: begin -->` and `<!-- name: end -->`. `None` when one
/// of the two is missing.
#[must_use]
pub fn between_comments(text: &str, name: &str, block: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}: begin -->"), format!("<!-- {name}: end -->"));
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{}\n{end}{after}", block.trim_end()))
}

#[cfg(test)]
mod tests;
