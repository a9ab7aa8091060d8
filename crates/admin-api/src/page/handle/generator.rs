//! Wishes about the event generator in, how it is set out.

use axum::{Extension, extract::State, response::Response};
use service::problem::Problem;

use crate::{
    auth::Identity,
    page::{
        answer::{frame, html, in_a_line, see_other, told},
        fields::{Asked, Sent, address},
        view::{frame::Section, generator::GeneratorPage, number},
    },
    problem,
    rest::producer,
    state::App,
};

type Who = Extension<Identity>;

/// `GET /generator`.
pub(in crate::page) async fn show(
    State(app): State<App>,
    Extension(who): Who,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    let configured = !app.config().producer_url.is_empty();
    let mut page = GeneratorPage {
        frame: frame(Some(&who), "Generator", Section::Generator),
        configured,
        trouble: None,
        rate_per_sec: 0,
        rate: String::new(),
        paused: false,
    };
    page.frame.notice = told(&fields);
    if configured {
        match producer::get(&app).await {
            Ok(set) => {
                page.paused = set.paused;
                page.rate_per_sec = set.rate_per_sec;
                page.rate = match set.rate_per_sec {
                    0 => "no limit".to_owned(),
                    rate => number::count(rate.into()),
                };
            }
            Err(problem) => page.trouble = Some(in_a_line(&problem)),
        }
    }
    html(&page)
}

/// `POST /generator/rate`.
pub(in crate::page) async fn rate(
    State(app): State<App>,
    Extension(who): Who,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    let Some(rate) = fields.number("rate_per_sec") else {
        return Err(problem::bad_request("the rate is a whole number from 0 to 4294967295"));
    };
    producer::set_rate(&app, &who, rate).await?;
    Ok(back())
}

/// `POST /generator/pause`.
pub(in crate::page) async fn pause(
    State(app): State<App>,
    Extension(who): Who,
) -> Result<Response, Problem> {
    producer::pause(&app, &who).await?;
    Ok(back())
}

/// `POST /generator/resume`.
pub(in crate::page) async fn resume(
    State(app): State<App>,
    Extension(who): Who,
) -> Result<Response, Problem> {
    producer::resume(&app, &who).await?;
    Ok(back())
}

fn back() -> Response {
    see_other(&address("/generator", &[("done", "generator")]))
}
