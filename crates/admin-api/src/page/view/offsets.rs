//! Where a pipeline stands in, the page to set that anew out.

use askama::Template;

use super::{frame::Frame, pipeline::Head, pipeline::PartitionRow};

/// Where a pipeline stands, and a form to change that.
#[derive(Clone, Debug, Template)]
#[template(path = "offsets.html")]
pub struct OffsetsPage {
    /// What surrounds it.
    pub frame: Frame,
    /// What is above it.
    pub head: Head,
    /// Where each partition stands.
    pub partitions: Vec<PartitionRow>,
    /// Why it cannot be changed now.
    pub blocked: Option<String>,
    /// A change that its owners are about to carry out.
    pub waiting: Option<String>,
    /// What a change would mean, when it was asked for.
    pub preview: Vec<PreviewRow>,
    /// What else there is to know before.
    pub remarks: Vec<String>,
    /// What was chosen.
    pub choice: Choice,
}

/// What was chosen in the form.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The word of the way.
    pub to: String,
    /// A moment, as it was typed.
    pub timestamp: String,
    /// `topic:partition offset` lines, as they were typed.
    pub explicit: String,
    /// A consumer group.
    pub group: String,
    /// Whether rows at or past the new offsets are deleted first.
    pub delete_rows: bool,
}

impl Choice {
    /// The ways: word, name and what they mean.
    pub const WAYS: [(&'static str, &'static str, &'static str); 7] = [
        ("earliest", "Earliest", "Everything that Kafka still holds comes again."),
        ("latest", "Latest", "What was written until now is skipped."),
        ("timestamp", "A moment", "The first record that is not older."),
        ("table", "The table", "After what the table and the dead letters already hold."),
        ("mirror", "The copy", "What was committed last, from the status topic."),
        ("group", "Another group", "Where another consumer group stands, to take over from it."),
        ("explicit", "Numbers", "An offset for each partition."),
    ];
}

/// What a change means for one partition.
#[derive(Clone, Debug)]
pub struct PreviewRow {
    /// Topic and number.
    pub partition: String,
    /// Where it stands.
    pub from: String,
    /// Where it would stand.
    pub to: String,
    /// How many records come again or are skipped.
    pub effect: String,
}
