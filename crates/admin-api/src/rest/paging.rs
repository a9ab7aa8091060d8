//! A wish for a part of a list in, that part out.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;

/// Entries of a page unless asked for otherwise.
pub const LIMIT_DEFAULT: u32 = 100;
/// Most entries of a page.
pub const LIMIT_MAX: u32 = 1_000;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Entries of the whole list, as filtered.
    pub total: usize,
    /// Where the next page begins; none after the last.
    pub next: Option<u32>,
}

/// Cuts `limit` entries from `offset` on out of a list.
#[must_use]
pub fn page<T>(all: Vec<T>, offset: Option<u32>, limit: Option<u32>) -> Page<T> {
    let offset = offset.unwrap_or(0);
    let limit = limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let total = all.len();
    let end = offset.saturating_add(limit);
    let items = all.into_iter().skip(offset as usize).take(limit as usize).collect();
    Page { items, total, next: ((end as usize) < total).then_some(end) }
}

/// Reads a number of entries from 1 to `MAX`.
pub(crate) fn within<'de, const MAX: u32, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<u32>, D::Error> {
    let limit = Option::<u32>::deserialize(from)?;
    match limit {
        Some(limit) if !(1..=MAX).contains(&limit) => {
            Err(D::Error::custom(format_args!("must be 1 to {MAX}, not {limit}")))
        }
        _ => Ok(limit),
    }
}

#[cfg(test)]
mod tests;
