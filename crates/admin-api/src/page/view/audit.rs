//! Changes in, the page about who changed what out.

use askama::Template;

use super::frame::Frame;
use crate::rest::lines::DiffLine;

/// All changes, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "audit.html")]
pub struct AuditPage {
    /// What surrounds it.
    pub frame: Frame,
    /// The subject that is filtered by.
    pub subject: String,
    /// The changes.
    pub rows: Vec<AuditRow>,
    /// Address of the older ones.
    pub older: Option<String>,
    /// Whether these are the newest.
    pub newest: bool,
}

/// One change.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// When, for a person, in UTC.
    pub when: String,
    /// When, for a machine.
    pub machine_when: String,
    /// How long ago.
    pub ago: String,
    /// Name of the token.
    pub who: String,
    /// What, for example `pipeline.update`.
    pub what: String,
    /// What it was about.
    pub subject: String,
    /// Address of that, when it has a page.
    pub href: Option<String>,
    /// The difference between before and after.
    pub changes: Vec<DiffLine>,
}
