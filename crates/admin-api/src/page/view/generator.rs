//! How the event generator is set in, the page to steer it out.

use askama::Template;

use super::frame::Frame;

/// The event generator.
#[derive(Clone, Debug, Template)]
#[template(path = "generator.html")]
pub struct GeneratorPage {
    /// What surrounds it.
    pub frame: Frame,
    /// Whether its address is configured.
    pub configured: bool,
    /// Why it could not be asked.
    pub trouble: Option<String>,
    /// Events per second, 0 for as many as possible.
    pub rate_per_sec: u32,
    /// The same for a person.
    pub rate: String,
    /// Whether it is paused.
    pub paused: bool,
}

impl GeneratorPage {
    /// Rates to choose from with one click.
    pub const RATES: [(u32, &'static str); 5] =
        [(100, "100"), (1_000, "1,000"), (10_000, "10,000"), (50_000, "50,000"), (0, "No limit")];
}
