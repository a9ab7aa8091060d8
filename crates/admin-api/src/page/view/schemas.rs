//! Subjects of the registry in, the list of them and the page about one out.

use askama::Template;

use super::{
    frame::{Frame, Notice},
    pager::Pager,
};
use crate::rest::lines::DiffLine;

/// All subjects.
#[derive(Clone, Debug, Template)]
#[template(path = "schemas.html")]
pub struct SchemasPage {
    /// What surrounds it.
    pub frame: Frame,
    /// Part of a name that is filtered by.
    pub text: String,
    /// Name and address of each subject.
    pub subjects: Vec<(String, String)>,
    /// Why there are none, when the registry could not be asked.
    pub trouble: Option<String>,
    /// The way to the others.
    pub pager: Pager,
}

/// One subject.
#[derive(Clone, Debug, Template)]
#[template(path = "schema.html")]
pub struct SchemaPage {
    /// What surrounds it.
    pub frame: Frame,
    /// Name of the subject.
    pub subject: String,
    /// Address of this page.
    pub address: String,
    /// Its versions, newest first.
    pub versions: Vec<u32>,
    /// The version that is shown.
    pub version: u32,
    /// Id and kind of the schema.
    pub facts: Vec<(String, String)>,
    /// The schema, indented.
    pub schema: String,
    /// The version it is compared with.
    pub against: Option<u32>,
    /// What differs between the two.
    pub changes: Vec<DiffLine>,
    /// A schema that was checked, as it was typed.
    pub candidate: String,
    /// Whether it is compatible.
    pub checked: Option<Notice>,
}

impl SchemaPage {
    /// Whether `version` is the one that is shown.
    #[must_use]
    pub fn is_shown(&self, version: u32) -> bool {
        self.version == version
    }

    /// Whether the shown version is compared with `version`.
    #[must_use]
    pub fn is_against(&self, version: u32) -> bool {
        self.against == Some(version)
    }
}
