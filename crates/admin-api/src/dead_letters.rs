//! The dead letters of a pipeline in; pages, exports and replays of them out.
//!
//! [`page()`] and [`one()`] show, [`export()`] streams, [`replay()`] writes copies into the
//! pipeline's replay topic. [`headers`] knows which headers are ours, [`letter`] reads one
//! record, [`replayed`] tells which were replayed, [`values`] gets the schemas and [`decoded`]
//! makes what can be made of a value under its own, [`topics`] looks at and creates topics.
//!
//! **Invariant:** neither the source's topic nor the dead letters are ever written here.

mod decoded;
mod export;
mod headers;
mod letter;
mod model;
mod page;
mod replay;
mod replayed;
mod topics;
mod values;

pub(crate) use self::topics::create_topics;
pub use self::{
    export::{ExportLimits, export},
    model::{
        Content, DeadLettersError, Filter, HeaderView, Letter, LetterId, Order, Page, PageQuery,
        Position, Source,
    },
    page::{LIMIT_MAX, one, page},
    replay::{Refusal, ReplayLimits, Replayed, Selection, replay},
};

/// The topic of a pipeline's dead letters.
#[must_use]
pub fn topic(namespace: &str, pipeline: &str) -> String {
    format!("{namespace}.dead-letters.{pipeline}")
}

/// The topic from which a pipeline takes its replayed dead letters.
#[must_use]
pub fn replay_topic(namespace: &str, pipeline: &str) -> String {
    format!("{namespace}.replay.{pipeline}")
}
