//! Somebody who is not in in, the page to log in out.

use axum::{Extension, response::Response};
use service::problem::Problem;

use crate::{
    auth::Identity,
    page::{
        answer::{frame, html, see_other},
        fields::Asked,
        view::{frame::Section, gate::LoginPage},
    },
};

/// `GET /login`. The code of a one-time link is only passed on here: looking at a link, as
/// previews of mail do, must not use it up.
pub(in crate::page) async fn login(
    who: Option<Extension<Identity>>,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    let code = fields.text("code");
    if who.is_some() && code.is_empty() {
        return Ok(see_other("/"));
    }
    html(&LoginPage {
        frame: frame(None, "Log in", Section::Pipelines),
        next: fields.text("next").to_owned(),
        code: (!code.is_empty()).then(|| code.to_owned()),
        failed: fields.ticked("failed"),
    })
}
