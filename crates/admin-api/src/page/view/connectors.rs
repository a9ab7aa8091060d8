//! Connectors of Kafka Connect in, the page to see and to steer them out.

use askama::Template;

use super::{frame::Frame, health::Health};

/// All connectors.
#[derive(Clone, Debug, Template)]
#[template(path = "connectors.html")]
pub struct ConnectorsPage {
    /// What surrounds it.
    pub frame: Frame,
    /// Whether Kafka Connect is configured at all.
    pub configured: bool,
    /// Why it could not be asked.
    pub trouble: Option<String>,
    /// The connectors.
    pub rows: Vec<ConnectorRow>,
    /// Classes that may be created.
    pub classes: Vec<String>,
    /// A configuration that was refused, as it was typed.
    pub draft: String,
}

/// One connector.
#[derive(Clone, Debug)]
pub struct ConnectorRow {
    /// Its name.
    pub name: String,
    /// Its name as part of an address.
    pub path: String,
    /// What it is doing.
    pub health: Health,
    /// `source` or `sink`.
    pub kind: String,
    /// Its class.
    pub class: String,
    /// Its tasks: number, state and error.
    pub tasks: Vec<(String, Health, Option<String>)>,
    /// Its settings, secrets masked.
    pub settings: Vec<(String, String)>,
}
