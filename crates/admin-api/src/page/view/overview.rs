//! All pipelines in, the page that lists them out.

use askama::Template;

use super::{frame::Frame, health::Health, pager::Pager, spark::Spark};

/// The first page: every pipeline with what matters about it.
#[derive(Clone, Debug, Template)]
#[template(path = "overview.html")]
pub struct Overview {
    /// What surrounds it.
    pub frame: Frame,
    /// Sums over all pipelines, whatever the filter.
    pub totals: Totals,
    /// What is filtered by.
    pub filter: Filter,
    /// The pipelines of this page.
    pub rows: Vec<PipelineRow>,
    /// The way to the others.
    pub pager: Pager,
}

/// Sums over all pipelines.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// How many there are.
    pub pipelines: String,
    /// How many are in each state, the most pressing first, without those that are empty.
    pub states: Vec<(Health, String)>,
    /// Records not yet in a table.
    pub lag: String,
    /// Rows per second.
    pub rows: String,
    /// The worst P95 of all, and whose it is.
    pub freshness: Option<(String, String)>,
    /// Dead letters written since the sinks started.
    pub dead_letters: String,
}

/// What the list is filtered and sorted by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of a name, topic or table.
    pub text: String,
    /// The word of a state.
    pub state: String,
    /// Labels, as `--selector` takes them.
    pub selector: String,
    /// Why the labels could not be understood.
    pub selector_error: Option<String>,
    /// The word of an order.
    pub sort: String,
}

impl Filter {
    /// Orders to choose from: word and name.
    pub const SORTS: [(&'static str, &'static str); 5] = [
        ("state", "Needs a person first"),
        ("name", "Name"),
        ("-lag", "Most lag"),
        ("-rows", "Most rows per second"),
        ("-updated", "Changed last"),
    ];

    /// Whether anything is filtered out.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !(self.text.is_empty() && self.state.is_empty() && self.selector.is_empty())
    }
}

/// One pipeline of the list.
#[derive(Clone, Debug)]
pub struct PipelineRow {
    /// Its name.
    pub name: String,
    /// Its labels, `team=retail`.
    pub labels: Vec<String>,
    /// Its topics.
    pub topics: String,
    /// Its table, with the database.
    pub table: String,
    /// What it is doing.
    pub health: Health,
    /// Why, when it is not running; the reason's word or a short sentence.
    pub why: Option<String>,
    /// Records not yet in the table.
    pub lag: String,
    /// Rows per second.
    pub rows: String,
    /// P95 of the last minute.
    pub freshness: String,
    /// Dead letters written since the sinks started.
    pub dead_letters: String,
    /// Whether there are any.
    pub has_dead_letters: bool,
    /// Rows per second of the last minutes.
    pub spark: Spark,
}
