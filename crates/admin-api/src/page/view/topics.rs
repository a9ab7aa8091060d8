//! Topics in, the list of them and the page about one out.

use askama::Template;

use super::{frame::Frame, pager::Pager, plan::Rows};

/// All topics.
#[derive(Clone, Debug, Template)]
#[template(path = "topics.html")]
pub struct TopicsPage {
    /// What surrounds it.
    pub frame: Frame,
    /// Part of a name that is filtered by.
    pub text: String,
    /// The topics.
    pub rows: Vec<TopicRow>,
    /// Why there are none, when Kafka could not be asked.
    pub trouble: Option<String>,
    /// The way to the others.
    pub pager: Pager,
}

/// One topic of the list.
#[derive(Clone, Debug)]
pub struct TopicRow {
    /// Its name.
    pub name: String,
    /// Its name as part of an address.
    pub path: String,
    /// How many partitions it has.
    pub partitions: String,
    /// How many records it holds, about.
    pub records: String,
    /// Records per second.
    pub rate: String,
    /// Pipelines that read it.
    pub pipelines: Vec<String>,
}

/// One topic.
#[derive(Clone, Debug, Template)]
#[template(path = "topic.html")]
pub struct TopicPage {
    /// What surrounds it.
    pub frame: Frame,
    /// The topic.
    pub row: TopicRow,
    /// Its partitions: number, first offset, end, records.
    pub partitions: Vec<(String, String, String, String)>,
    /// Subject of its schema and the address of that.
    pub subject: Option<(String, String)>,
    /// A few decoded records.
    pub rows: Rows,
}
