//! One pipeline in, the page about its state out.

use askama::Template;

use super::{advice::Advice, frame::Frame, health::Health, spark::Spark};

/// What is above every page about a pipeline.
#[derive(Clone, Debug)]
pub struct Head {
    /// Its name.
    pub name: String,
    /// Its labels, `team=retail`.
    pub labels: Vec<String>,
    /// Its topics, each with the address of its page.
    pub topics: Vec<(String, String)>,
    /// Its table, with the database.
    pub table: String,
    /// What it is doing.
    pub health: Health,
    /// Version of the document, which guards changes against one another.
    pub version: String,
    /// Which of its pages this is.
    pub tab: Tab,
    /// Whether the document says that it is paused.
    pub paused: bool,
    /// Whether it is about to be removed.
    pub draining: bool,
    /// What is wanted and not yet so.
    pub turn: Option<String>,
}

/// The pages about a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// What it is doing.
    Status,
    /// What it would do.
    Plan,
    /// Its document and the history of it.
    Spec,
    /// Where it stands in its topics.
    Offsets,
    /// Records that could not become rows.
    DeadLetters,
}

impl Tab {
    /// In the order of the page.
    pub const ALL: [Self; 5] =
        [Self::Status, Self::Plan, Self::Spec, Self::Offsets, Self::DeadLetters];

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Status => "Status",
            Self::Plan => "Plan",
            Self::Spec => "Document",
            Self::Offsets => "Offsets",
            Self::DeadLetters => "Dead letters",
        }
    }

    /// The end of its address.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Status => "",
            Self::Plan => "/plan",
            Self::Spec => "/spec",
            Self::Offsets => "/offsets",
            Self::DeadLetters => "/dead-letters",
        }
    }
}

/// The page about what a pipeline is doing.
#[derive(Clone, Debug, Template)]
#[template(path = "pipeline.html")]
pub struct PipelinePage {
    /// What surrounds it.
    pub frame: Frame,
    /// What is above it.
    pub head: Head,
    /// What is wrong, with what to do about it.
    pub trouble: Vec<Trouble>,
    /// The numbers, with a chart where there is one.
    pub tiles: Vec<Tile>,
    /// What is promised.
    pub guarantee: Option<Guarantee>,
    /// Partitions of its topics.
    pub partitions: Vec<PartitionRow>,
    /// How many partitions are not shown.
    pub partitions_left_out: Option<String>,
    /// The sinks that run it.
    pub instances: Vec<InstanceRow>,
    /// Records left out, by reason.
    pub skipped: Vec<(String, String)>,
    /// The last errors, newest first.
    pub errors: Vec<ErrorRow>,
    /// What a removal can take with it.
    pub belongings: Belongings,
}

/// What a pipeline leaves behind unless it is taken along, by name.
#[derive(Clone, Debug)]
pub struct Belongings {
    /// The consumer group.
    pub group: String,
    /// The topic of dead letters.
    pub letters: String,
    /// The topic they are replayed from.
    pub replays: String,
}

/// Something that needs a person.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What happened and what to do.
    pub advice: Advice,
    /// Which partitions or instances it is about.
    pub subject: String,
    /// The words of whoever stopped.
    pub detail: Option<String>,
}

/// A number with its name.
#[derive(Clone, Debug)]
pub struct Tile {
    /// The word by which live numbers find it.
    pub key: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The number.
    pub value: String,
    /// What else there is to say about it.
    pub note: String,
    /// Its last minutes.
    pub spark: Option<Spark>,
    /// Where it leads.
    pub href: Option<String>,
}

/// What is promised about each record.
#[derive(Clone, Debug)]
pub struct Guarantee {
    /// `exactly-once` or `at-least-once`.
    pub delivery: String,
    /// Whether it is the stronger one.
    pub strong: bool,
    /// What there is to know.
    pub findings: Vec<String>,
}

/// One partition.
#[derive(Clone, Debug)]
pub struct PartitionRow {
    /// `topic:partition`, by which live numbers find it.
    pub key: String,
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: String,
    /// Everything below is in the table or in the dead letters.
    pub committed: String,
    /// One past the last record of the topic.
    pub end: String,
    /// The difference.
    pub lag: String,
    /// How much of the largest lag of all partitions that is, 0 to 100.
    pub lag_part: u32,
    /// Ranges in flight.
    pub pending: String,
    /// Why it stopped.
    pub stopped: Option<String>,
    /// The sink that owns it.
    pub owner: String,
}

/// One sink.
#[derive(Clone, Debug)]
pub struct InstanceRow {
    /// Its name.
    pub instance: String,
    /// What it is doing.
    pub health: Health,
    /// The version of the document that it runs.
    pub version: String,
    /// Whether that is the newest.
    pub current: bool,
    /// How many partitions it owns.
    pub partitions: String,
    /// Rows per second.
    pub rows: String,
    /// Bytes per second.
    pub bytes: String,
    /// What it waits for.
    pub retrying: Option<String>,
    /// When it was last heard of.
    pub seen: String,
}

/// An error that somebody met.
#[derive(Clone, Debug)]
pub struct ErrorRow {
    /// When, for a person.
    pub when: String,
    /// When, for a machine.
    pub machine_when: String,
    /// How long ago.
    pub ago: String,
    /// Who.
    pub instance: String,
    /// What.
    pub message: String,
}
