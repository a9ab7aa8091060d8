//! What a pipeline would do in, the part of a page that shows it before it happens out.

use askama::Template;

use super::{frame::Tone, pipeline::Guarantee};

/// What a document would do: the same part on the pages to create, to change and to look.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "part/plan.html")]
pub struct PlanView {
    /// One sentence: whether it can run and what happens to the table.
    pub verdict: String,
    /// Whether it can run.
    pub ready: bool,
    /// What is wrong with the document or with the servers.
    pub problems: Vec<Problem>,
    /// The statement that creates or alters the table.
    pub ddl: Option<String>,
    /// Every column of the insert.
    pub columns: Vec<Column>,
    /// Fields that go nowhere, each with the reason.
    pub dropped: Vec<(String, String)>,
    /// What is promised.
    pub guarantee: Option<Guarantee>,
    /// What an account may not do yet, and the command that grants it.
    pub rights: Vec<(String, String)>,
    /// Offsets that a group of this name left behind.
    pub left_offsets: Option<String>,
    /// The first rows.
    pub rows: Rows,
    /// What else there is to know.
    pub notes: Vec<(Tone, String)>,
}

impl askama::filters::HtmlSafe for PlanView {}

/// Something that is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Where in the document, as a JSON pointer; empty when it is about all of it.
    pub pointer: String,
    /// What, and what would be right.
    pub message: String,
}

/// One column of the insert.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub column: String,
    /// Its type.
    pub column_type: String,
    /// The field that fills it.
    pub field: String,
    /// Why it has that type.
    pub reason: String,
}

/// Decoded records.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Values, as text.
    pub rows: Vec<Vec<String>>,
    /// Why there are none, or what was left out.
    pub note: Option<String>,
}
