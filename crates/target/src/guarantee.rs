//! A table's name in, what can be promised for it and why out.

use serde::{Serialize, Serializer};

use crate::client::{Target, TargetError};

mod ask;
mod finding;
mod judge;
mod outlook;
mod purity;

pub(crate) use self::judge::is_verified;
pub use self::{
    ask::NO_ROWS_TOKEN,
    finding::{Finding, FindingKind},
    judge::{WINDOW_RECOMMENDED, WINDOW_REQUIRED},
    outlook::PlannedTable,
    purity::is_impure_function,
};

/// What a pipeline says about its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuaranteeOptions {
    /// Trust an engine that exactly once has not been tested with.
    pub accept_unverified_engine: bool,
}

/// How often a record can end up in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Once.
    ExactlyOnce,
    /// Once, or more often after a failure.
    AtLeastOnce,
}

impl Delivery {
    /// As it is spelled in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExactlyOnce => "exactly-once",
            Self::AtLeastOnce => "at-least-once",
        }
    }
}

impl Serialize for Delivery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a table can give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Guarantee {
    /// The strongest promise that holds.
    pub delivery: Delivery,
    /// What there is to know, with the reason for each promise that does not hold.
    pub findings: Vec<Finding>,
    /// How many inserts the table and all tables behind its views remember: the smallest of
    /// their windows, 0 where one is not known.
    pub window: u64,
    /// Whether [`Target::rows_in`] proves that a range has arrived, or has not.
    pub row_check: bool,
    /// Whether materialized views are fed by the table.
    pub views: bool,
    /// Database and name of the table and of all tables behind its views, the table first: for
    /// [`Target::window_used`].
    pub tables: Vec<(String, String)>,
}

impl Guarantee {
    /// The promise and what stands in the way of a stronger one, in one line.
    #[must_use]
    pub fn why(&self) -> String {
        let reasons: Vec<String> = self
            .findings
            .iter()
            .filter(|finding| finding.weakens)
            .map(|finding| format!("{}: {}", finding.subject, finding.detail))
            .collect();
        let delivery = self.delivery.as_str();
        match reasons.as_slice() {
            [] => delivery.to_owned(),
            _ => format!("{delivery}, because of {}", reasons.join("; ")),
        }
    }
}

impl Target {
    /// Finds out what a table that exists can give.
    ///
    /// Nothing is changed, though an insert without rows is made: it proves that the inserting
    /// account may insert, under the pinned settings. It leaves no trace, not even of its token.
    ///
    /// # Errors
    ///
    /// When something cannot be found out: the server refuses or cannot be reached, it does not
    /// take the pinned settings, the account may not insert, or there is no such table.
    pub async fn guarantee(
        &self,
        database: &str,
        table: &str,
        options: &GuaranteeOptions,
    ) -> Result<Guarantee, TargetError> {
        let seen = self.see(database, table).await?;
        Ok(judge::judge(&seen, options))
    }
}

#[cfg(test)]
mod tests;
