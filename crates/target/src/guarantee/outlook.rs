//! A table that is there or planned in, what can be promised for it as far as looking tells out.

use schema_map::{DEDUPLICATION_WINDOW, TableLayout};

use super::{Guarantee, GuaranteeOptions, ask, judge};
use crate::{
    client::{Target, TargetError},
    inspect::Inspected,
};

/// A table that does not exist yet.
#[derive(Clone, Debug)]
pub struct PlannedTable {
    /// Its name and columns.
    pub layout: TableLayout,
    /// Its engine without arguments.
    pub engine: String,
    /// Its partition key; empty for none.
    pub partition_key: String,
}

impl Target {
    /// What [`Target::guarantee`] would find, without an insert: for a program that does not
    /// insert. Whether the inserting account may insert, and takes the pinned settings, is left
    /// open.
    ///
    /// # Errors
    ///
    /// When something cannot be found out, or there is no such table.
    pub async fn outlook(
        &self,
        database: &str,
        table: &str,
        options: &GuaranteeOptions,
    ) -> Result<Guarantee, TargetError> {
        Ok(judge::judge(&self.look(database, table).await?, options))
    }

    /// The same for a table that is about to be created with a window of
    /// [`DEDUPLICATION_WINDOW`].
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn outlook_of_new(
        &self,
        planned: PlannedTable,
        options: &GuaranteeOptions,
    ) -> Result<Guarantee, TargetError> {
        let version = self.server_version().await?;
        let inspected = Inspected {
            layout: planned.layout,
            engine_full: planned.engine.clone(),
            engine: planned.engine,
            partition_key: planned.partition_key,
            sorting_key: String::new(),
            deduplication_window: Some(DEDUPLICATION_WINDOW.into()),
            views: Vec::new(),
        };
        let mut tables = ask::tables(&inspected);
        // Whoever creates a table is asked about its rights elsewhere.
        tables.iter_mut().for_each(|table| table.readable = true);
        Ok(judge::judge(&self.seen(version, inspected, tables).await?, options))
    }
}
