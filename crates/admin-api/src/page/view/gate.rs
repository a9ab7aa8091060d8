//! Somebody who is not in or went wrong in, the pages to log in and to go on out.

use askama::Template;

use super::{frame::Frame, plan::Problem};

/// The page to log in.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// What surrounds it.
    pub frame: Frame,
    /// Where to go then.
    pub next: String,
    /// The code of a one-time link.
    pub code: Option<String>,
    /// Whether the last attempt failed.
    pub failed: bool,
}

/// A page instead of the one that was asked for.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What surrounds it.
    pub frame: Frame,
    /// The number of HTTP.
    pub status: u16,
    /// What is wrong.
    pub title: String,
    /// What is special about this request.
    pub detail: Option<String>,
    /// What is wrong with each field.
    pub problems: Vec<Problem>,
    /// What to do.
    pub advice: &'static str,
    /// Where to go on: address and words.
    pub way: Option<(String, String)>,
}

/// What to do about a status of HTTP.
#[must_use]
pub fn advice(status: u16) -> &'static str {
    match status {
        400 | 422 => "Go back, mend what is named here, and send the form again.",
        401 => "Log in and try again.",
        403 => {
            "Your role does not allow this, or the form is older than your session. Go back, \
             reload the page and try again; otherwise log in with another token."
        }
        404 => "It may have been deleted or renamed. The list shows what there is.",
        409 => "Somebody or something stands in the way; the text above says what to do first.",
        412 => {
            "Somebody changed it after you opened it. Reload, look at the change, then repeat \
             yours."
        }
        413 => "Send less at once.",
        429 => "Wait some seconds, then try again.",
        502..=504 => {
            "A server behind this page does not answer. What runs goes on; try again in a moment."
        }
        _ => "Try again. If it happens again, the log of admin-api says more.",
    }
}
