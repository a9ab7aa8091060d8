//! A position in a long list in, links to its neighbours out.

use askama::Template;

/// Where a page stands in a list, with the way back and forth.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(path = "part/pager.html")]
pub struct Pager {
    /// What is shown: `51–100 of 1,000 pipelines`.
    pub shown: String,
    /// Address of the page before.
    pub previous: Option<String>,
    /// Address of the page after.
    pub next: Option<String>,
}

impl askama::filters::HtmlSafe for Pager {}

impl Pager {
    /// The pager of page `page` (from 1) of `total` things, `per_page` at a time; `address` makes
    /// the address of a page.
    #[must_use]
    pub fn new(
        page: usize,
        per_page: usize,
        total: usize,
        noun: &str,
        address: impl Fn(usize) -> String,
    ) -> Self {
        let pages = total.div_ceil(per_page.max(1)).max(1);
        let page = page.clamp(1, pages);
        let first = (page - 1) * per_page + 1;
        let last = (page * per_page).min(total);
        let count = |number: usize| super::number::count(u64::try_from(number).unwrap_or(u64::MAX));
        let shown = match (total, pages) {
            (0, _) => format!("no {noun}"),
            (1, _) => format!("1 {}", noun.strip_suffix('s').unwrap_or(noun)),
            (_, 1) => format!("{} {noun}", count(total)),
            _ => format!("{}–{} of {} {noun}", count(first), count(last), count(total)),
        };
        Self {
            shown,
            previous: (page > 1).then(|| address(page - 1)),
            next: (page < pages).then(|| address(page + 1)),
        }
    }
}

#[cfg(test)]
mod tests;
