//! A document that is being written in, the pages to choose, to edit and to confirm out.

use askama::Template;

use super::{
    frame::Frame,
    pager::Pager,
    pipeline::Head,
    plan::{PlanView, Problem, Rows},
    topics::TopicRow,
};
use crate::rest::lines::DiffLine;

/// The first step to a new pipeline: which topic.
#[derive(Clone, Debug, Template)]
#[template(path = "choose.html")]
pub struct ChoosePage {
    /// What surrounds it.
    pub frame: Frame,
    /// Part of a name that is filtered by.
    pub text: String,
    /// The topics.
    pub topics: Vec<TopicRow>,
    /// Why there are none, when Kafka could not be asked.
    pub trouble: Option<String>,
    /// The way to the others.
    pub pager: Pager,
}

/// The second and third step: the document, then what it would do.
#[derive(Clone, Debug, Template)]
#[template(path = "draft.html")]
pub struct DraftPage {
    /// What surrounds it.
    pub frame: Frame,
    /// The topic that was chosen, when the pipeline is new.
    pub sketch: Option<Sketch>,
    /// The document, as it is edited.
    pub document: String,
    /// What is wrong with it, when it could not even be planned.
    pub problems: Vec<Problem>,
    /// What it would do; nothing before it was asked for.
    pub plan: Option<PlanView>,
    /// Proves that the plan shown is that of the document sent.
    pub planned: String,
    /// Which of the three steps this is.
    pub step: u8,
}

/// What is known about the topic that was chosen.
#[derive(Clone, Debug)]
pub struct Sketch {
    /// Its name.
    pub topic: String,
    /// Its records, for a person.
    pub records: String,
    /// How many partitions it has.
    pub partitions: String,
    /// Subject and version of its schema, with the address of the subject's page.
    pub subject: Option<(String, String)>,
    /// The schema.
    pub schema: Option<String>,
    /// Why there is no schema.
    pub schema_note: Option<String>,
    /// A few decoded records.
    pub rows: Rows,
}

/// The document of a pipeline that exists, to be edited, with its history.
#[derive(Clone, Debug, Template)]
#[template(path = "spec.html")]
pub struct SpecPage {
    /// What surrounds it.
    pub frame: Frame,
    /// What is above it.
    pub head: Head,
    /// The document, as it is edited.
    pub document: String,
    /// Version of the document that the edit started from.
    pub version: String,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// What it would do; nothing before it was asked for.
    pub plan: Option<PlanView>,
    /// Proves that the plan shown is that of the document sent.
    pub planned: String,
    /// What differs from the document that is stored.
    pub changes: Vec<DiffLine>,
    /// Earlier changes, newest first.
    pub history: Vec<super::audit::AuditRow>,
}

/// What a pipeline that exists does, seen anew.
#[derive(Clone, Debug, Template)]
#[template(path = "plan.html")]
pub struct PlanPage {
    /// What surrounds it.
    pub frame: Frame,
    /// What is above it.
    pub head: Head,
    /// The plan.
    pub plan: PlanView,
}
