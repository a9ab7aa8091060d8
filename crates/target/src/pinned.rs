//! The settings that every insert carries in, proof that the server obeys them out.

use clickhouse::Row;
use serde::Deserialize;

use crate::client::{Target, TargetError};

/// Most rows in one insert: up to here the pinned block limits keep a block whole.
pub const ROWS_MAX: u64 = 1_000_000;

/// Rule R7: what a block's fate may depend on, fixed in the request so that no profile decides.
///
/// Tokens protect a block only while the server splits it alike at every attempt: with other
/// limits on a retry, rows were seen lost as well as doubled. So these belong to version 1 of the
/// token's format and never change between two attempts.
///
/// | setting | why |
/// |---|---|
/// | `async_insert` 0 | the answer means the rows are in the table |
/// | `insert_deduplicate`, `deduplicate_insert` | the old and the new switch for tokens; a server that knows both obeys the second |
/// | `deduplicate_insert_select` | the same for an insert with a transform |
/// | `deduplicate_blocks_in_dependent_materialized_views` | views get the token too |
/// | `use_strict_insert_block_limits` 0, `max_insert_block_size_bytes` 0 | a block is not cut |
/// | `min_insert_block_size_rows`, `_bytes` 0 | nor left in several: at least [`ROWS_MAX`] rows |
pub const SETTINGS: [(&str, &str); 9] = [
    ("async_insert", "0"),
    ("insert_deduplicate", "1"),
    ("deduplicate_insert", "enable"),
    ("deduplicate_insert_select", "enable_even_for_bad_queries"),
    ("deduplicate_blocks_in_dependent_materialized_views", "1"),
    ("use_strict_insert_block_limits", "0"),
    ("max_insert_block_size_bytes", "0"),
    ("min_insert_block_size_rows", "1000000"),
    ("min_insert_block_size_bytes", "0"),
];

#[derive(Row, Deserialize)]
struct Setting {
    name: String,
    value: String,
}

impl Target {
    /// Asks the server, as the inserting account and with the pinned settings sent along, what
    /// it runs such a request with.
    ///
    /// # Errors
    ///
    /// [`TargetError::NotPinned`] when a setting has another value there, and any failure to
    /// ask; a server that does not know a setting, or forbids it, refuses.
    pub async fn check_pinned(&self) -> Result<(), TargetError> {
        let names: Vec<&str> = SETTINGS.iter().map(|(name, _)| *name).collect();
        let query = self
            .inserter
            .query("SELECT name, value FROM system.settings WHERE name IN ?")
            .bind(names);
        let found = self.ask(query.fetch_all::<Setting>()).await?;
        match deviation(&found) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

fn deviation(found: &[Setting]) -> Option<TargetError> {
    SETTINGS.into_iter().find_map(|(name, wanted)| {
        let value = found
            .iter()
            .find(|setting| setting.name == name)
            .map_or("(unknown to this server)", |setting| setting.value.as_str());
        let (name, value) = (name.to_owned(), value.to_owned());
        (value != wanted).then_some(TargetError::NotPinned { name, value, wanted })
    })
}

#[cfg(test)]
mod tests;
