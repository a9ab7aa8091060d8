//! Wishes about schemas in, the list of subjects or one of them out.

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use service::problem::Problem;

use crate::{
    auth::Identity,
    page::{
        answer::{frame, html, in_a_line, notice},
        fields::{Asked, Fields, Sent, address, step},
        view::{
            changes::changes,
            frame::{Notice, Section},
            pager::Pager,
            schemas::{SchemaPage, SchemasPage},
        },
    },
    rest::subjects::{self, SubjectsQuery},
    state::App,
};

/// Subjects on one page.
const PER_PAGE: usize = 100;

type Who = Extension<Identity>;

/// `GET /schemas`.
pub(in crate::page) async fn list(
    State(app): State<App>,
    Extension(who): Who,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    let text = fields.text("q");
    let page: usize = fields.number("page").unwrap_or(1).max(1);
    let query = SubjectsQuery {
        offset: u32::try_from((page - 1).saturating_mul(PER_PAGE)).ok(),
        limit: u32::try_from(PER_PAGE).ok(),
        q: (!text.is_empty()).then(|| text.to_owned()),
    };
    let mut shown = SchemasPage {
        frame: frame(Some(&who), "Schemas", Section::Schemas),
        text: text.to_owned(),
        subjects: Vec::new(),
        trouble: None,
        pager: Pager::default(),
    };
    match subjects::list(&app, &query).await {
        Ok(found) => {
            shown.pager = Pager::new(page, PER_PAGE, found.total, "subjects", |page| {
                let page = page.to_string();
                address("/schemas", &[("q", text), ("page", page.as_str())])
            });
            let named = |subject: String| {
                let address = format!("/schemas/{}", step(&subject));
                (subject, address)
            };
            shown.subjects = found.items.into_iter().map(named).collect();
        }
        Err(problem) => shown.trouble = Some(in_a_line(&problem)),
    }
    html(&shown)
}

/// `GET /schemas/{subject}`.
pub(in crate::page) async fn one(
    State(app): State<App>,
    Extension(who): Who,
    Path(subject): Path<String>,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    html(&page(&app, &who, &subject, &fields).await?)
}

/// `POST /schemas/{subject}/check`.
pub(in crate::page) async fn check(
    State(app): State<App>,
    Extension(who): Who,
    Path(subject): Path<String>,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    let mut page = page(&app, &who, &subject, &Fields::default()).await?;
    fields.raw("schema").clone_into(&mut page.candidate);
    page.checked = Some(match subjects::check(&app, &subject, &page.candidate).await {
        Ok(found) if found.compatible => Notice::done("It could be the next version."),
        Ok(found) => Notice {
            details: found.messages,
            ..Notice::bad("The registry would refuse it as the next version.")
        },
        Err(problem) => notice(&problem),
    });
    html(&page)
}

async fn page(
    app: &App,
    who: &Identity,
    subject: &str,
    fields: &Fields,
) -> Result<SchemaPage, Problem> {
    let mut versions = subjects::versions(app, subject).await?.versions;
    versions.reverse();
    let shown = subjects::version(app, subject, fields.number("version")).await?;
    let against = fields.number::<u32>("against").filter(|old| *old != shown.version);
    let changes = match against {
        Some(old) => {
            changes(&subjects::version(app, subject, Some(old)).await?.schema, &shown.schema)
        }
        None => Vec::new(),
    };
    Ok(SchemaPage {
        frame: frame(Some(who), subject, Section::Schemas),
        address: format!("/schemas/{}", step(subject)),
        subject: subject.to_owned(),
        versions,
        version: shown.version,
        facts: vec![("Id".to_owned(), shown.id.to_string()), ("Kind".to_owned(), shown.kind)],
        schema: shown.schema,
        against,
        changes,
        candidate: String::new(),
        checked: None,
    })
}
