//! Nothing in, every page with example data out: for tests that look at all of them.

use askama::Template;

use crate::page::view::{
    frame::{Frame, Person, Section},
    health::Health,
};

mod drafts;
mod letters;
mod others;
mod pipelines;

/// Name and HTML of every page, each with data and, where it makes a difference, without.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    let mut pages = Vec::new();
    pipelines::add(&mut pages);
    drafts::add(&mut pages);
    letters::add(&mut pages);
    others::add(&mut pages);
    pages
}

/// Text that must not become markup.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=//evil.example/x>&";

fn print(page: &impl Template) -> String {
    page.render().expect("every template renders")
}

fn frame(title: &str, section: Section) -> Frame {
    Frame {
        title: title.to_owned(),
        section: Some(section),
        person: Some(Person {
            name: "laptop".to_owned(),
            role: "admin".to_owned(),
            operates: true,
            administers: true,
        }),
        csrf: "0123456789abcdef".to_owned(),
        style: "/assets/style.css".to_owned(),
        script: "/assets/live.js".to_owned(),
        icon: "/assets/icon.svg".to_owned(),
        ..Frame::default()
    }
}

fn viewer(title: &str, section: Section) -> Frame {
    let mut frame = frame(title, section);
    frame.person = Some(Person {
        name: "dashboard".to_owned(),
        role: "viewer".to_owned(),
        ..Person::default()
    });
    frame
}

/// A wave, so that charts show something.
fn samples(middle: f64, swing: f64, phase: u32) -> Vec<Option<f64>> {
    (0..60)
        .map(|place| f64::from(place + phase) / 7.0)
        .map(|angle| Some(middle + swing * angle.sin() + swing * 0.3 * (angle * 4.3).cos()))
        .collect()
}

const STATES: [Health; 5] =
    [Health::Unreadable, Health::Failed, Health::NoSink, Health::Paused, Health::Running];
