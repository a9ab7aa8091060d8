//! The history as it is asked for in, the page about it out.

use axum::{Extension, extract::State, response::Response};
use service::problem::Problem;

use crate::{
    auth::Identity,
    page::{
        answer::{frame, html, now_ms},
        fields::{Asked, address},
        fill,
        view::{audit::AuditPage, frame::Section},
    },
    rest::audit::{self, AuditQuery},
    state::App,
};

/// Changes on one page.
const PER_PAGE: u32 = 50;

/// `GET /audit`.
pub(in crate::page) async fn list(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    let subject = fields.text("subject").to_owned();
    let before = fields.number("before");
    let query = AuditQuery {
        before,
        limit: Some(PER_PAGE),
        subject: (!subject.is_empty()).then(|| subject.clone()),
    };
    let found = audit::page(&app, &query).await?;
    let now_ms = now_ms();
    let older = found.next.map(|next| {
        address("/audit", &[("subject", subject.as_str()), ("before", next.to_string().as_str())])
    });
    html(&AuditPage {
        frame: frame(Some(&who), "Audit", Section::Audit),
        rows: found.items.iter().map(|entry| fill::audit::row(entry, now_ms)).collect(),
        older,
        newest: before.is_none(),
        subject,
    })
}
