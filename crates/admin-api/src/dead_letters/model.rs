//! The words of dead letters: what can be asked for in, what is shown out.

use pipeline_spec::Problem;
use rdkafka::ClientConfig;
use registry_client::Client;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::offsets::OffsetsError;

/// Whose letters are meant, and what helps to read them. The pipeline itself may be gone.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "the client's settings hold passwords")]
pub struct Source<'a> {
    /// Brokers, security and whatever else the user set.
    pub kafka: &'a ClientConfig,
    /// Where our own names begin.
    pub namespace: &'a str,
    /// The pipeline's name.
    pub pipeline: &'a str,
    /// Where schemas are; without it values are not decoded.
    pub registry: Option<&'a Client>,
}

/// Which letters; what is not set lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// With this reason.
    pub reason: Option<String>,
    /// Whose record was in this topic.
    pub topic: Option<String>,
    /// Whose record was in this partition of its topic.
    pub partition: Option<i32>,
}

/// Which letters come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The newest of each partition of the dead-letter topic, which has one unless somebody
    /// changed it.
    #[default]
    Newest,
    /// The oldest of each partition.
    Oldest,
}

/// A page to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// Which letters.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// [`Page::next`] of the page before; `None` is the first page.
    pub cursor: Option<String>,
    /// Most letters, 1 to [`LIMIT_MAX`](super::LIMIT_MAX).
    pub limit: usize,
}

/// Some letters.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = DeadLetterPage)]
pub struct Page {
    /// The topic they are in.
    pub topic: String,
    /// Whether there is such a topic; it is created when a sink starts the pipeline.
    pub exists: bool,
    /// Letters in the topic, whatever the filter says; somewhat more than there are when the
    /// topic is compacted.
    pub total: u64,
    /// How long letters are kept in ms; -1 is for ever, `None` unknown.
    pub retention_ms: Option<i64>,
    /// The letters.
    pub letters: Vec<Letter>,
    /// Where the next page begins; `None` when there is none. A page may be short, even empty,
    /// and still have a next one when the filter lets few pass.
    pub next: Option<String>,
    /// Records that were looked at for this page.
    pub looked_at: u64,
    /// Whether all replays that Kafka still has were looked at. When not, a letter without
    /// `replayed_at_ms` may have been replayed long ago.
    pub replays_known: bool,
}

/// A letter's place in its topic.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub struct LetterId {
    /// Partition of the dead-letter topic.
    pub partition: i32,
    /// Offset there.
    pub offset: i64,
}

/// A record's place in its topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
pub struct Position {
    /// Topic.
    pub topic: String,
    /// Partition of the topic.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}

/// A record that could not become a row.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Letter {
    /// Where the letter is.
    #[serde(flatten)]
    pub id: LetterId,
    /// When it was written, in ms since 1970; `None` unknown.
    pub written_at_ms: Option<i64>,
    /// Why the record was bad, one of a closed list; `None` when something else wrote the letter.
    pub reason: Option<String>,
    /// Where and how.
    pub detail: Option<String>,
    /// Where the record was; `None` when something else wrote the letter.
    pub source: Option<Position>,
    /// The record's own timestamp in ms since 1970.
    pub timestamp_ms: Option<i64>,
    /// How often the record was tried: 1, and one more for each replay.
    pub attempt: Option<u32>,
    /// When the record was replayed last, in ms since 1970; absent when it was not, when that is
    /// not known (see `replays_known` of the page), and in exports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed_at_ms: Option<i64>,
    /// The record's key.
    pub key: Option<Content>,
    /// The record's value.
    pub value: Option<Content>,
    /// The record's own headers, without ours.
    pub headers: Vec<HeaderView>,
    /// Headers that are not shown because there are too many.
    pub headers_left_out: usize,
    /// The schema id in front of the value, if it has one.
    pub schema_id: Option<u32>,
    /// What the value says under that schema, as far as it can be read.
    pub decoded: Option<serde_json::Value>,
    /// Why it could not be read, or not to its end.
    pub decoded_until: Option<String>,
}

/// Bytes of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Content {
    /// How many there are.
    pub bytes: usize,
    /// The first of them in hexadecimal digits.
    pub hex: String,
    /// The same as text, where they are UTF-8.
    pub text: Option<String>,
    /// Whether there are more than are shown.
    pub truncated: bool,
}

/// A header of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HeaderView {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Option<Content>,
}

/// Why letters cannot be shown or replayed.
#[derive(Debug, thiserror::Error)]
pub enum DeadLettersError {
    /// What is asked for cannot be; each problem with its place in the request.
    #[error("the request cannot be carried out")]
    Refused(Vec<Problem>),
    /// Kafka does not answer, refuses, or takes longer than allowed.
    #[error(transparent)]
    Read(#[from] OffsetsError),
    /// A topic cannot be created.
    #[error("cannot create topic {topic}: {why}")]
    Create {
        /// The topic.
        topic: String,
        /// What Kafka says.
        why: String,
    },
    /// Another replay of the same pipeline has taken over.
    #[error("another replay of this pipeline goes on")]
    Busy,
}

impl DeadLettersError {
    pub(super) fn refused(pointer: &str, message: impl Into<String>) -> Self {
        let problem = Problem { pointer: pointer.to_owned(), message: message.into() };
        Self::Refused(vec![problem])
    }
}
