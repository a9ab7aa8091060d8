//! What an operation asks for in, the statuses it may refuse with out.
//!
//! They follow from the gate, which every request passes, and from what a request can get wrong.
//! `cargo xtask fuzz-api` finds the status that is answered and not told here.

use utoipa::openapi::{
    Content, Ref, RefOr, Response,
    path::{Parameter, ParameterIn},
    response::ResponseBuilder,
};

use super::{docs::Shape, shapes::ProblemShape};
use crate::auth::Role;

/// Every status that anything is refused with: its name among the responses, and what it means.
const ALL: [(u16, &str, &str); 14] = [
    (400, "BadRequest", "The request cannot be read, or contradicts itself"),
    (401, "NotAuthenticated", "Credentials are missing or not known"),
    (403, "NotPermitted", "The role is not enough, or another site sent the request"),
    (404, "NotFound", "There is nothing of that name"),
    (409, "Conflict", "It does not fit how things are; `detail` names the way out"),
    (412, "ChangedMeanwhile", "A condition of the request does not hold"),
    (413, "TooLarge", "The body is longer than this service reads"),
    (415, "NotSupported", "The body is of a type that is not read here"),
    (421, "NotOurHost", "The Host header is not that of this service"),
    (422, "NotPossible", "What is asked for cannot be; `errors` says what is wrong where"),
    (429, "TooMany", "Too many requests; wait as `Retry-After` says"),
    (502, "NotReached", "Kafka, the registry, ClickHouse or what else is asked did not answer"),
    (503, "NotReady", "This process is starting or stopping"),
    (504, "NotInTime", "It took longer than a request may"),
];

/// What an operation asks for.
pub(super) struct Asks<'a> {
    pub(super) path: &'a str,
    pub(super) role: Role,
    pub(super) parameters: &'a [Parameter],
    pub(super) has_body: bool,
}

/// The statuses an operation may refuse with, and the responses they refer to.
pub(super) fn of(asks: &Asks<'_>) -> impl Iterator<Item = (String, Ref)> {
    let has = |place| asks.parameters.iter().any(|one| one.parameter_in == place);
    let (path, query, header) =
        (has(ParameterIn::Path), has(ParameterIn::Query), has(ParameterIn::Header));
    let inside = asks.role > Role::Public;
    let may = move |status: u16| match status {
        401 | 403 | 421 | 429 => true,
        502..=504 => inside,
        400 | 422 => path || query || asks.has_body,
        // A thing has a name; the generator and Kafka Connect may not be there at all.
        404 => path || asks.path.starts_with("/v1/producer") || asks.path == "/v1/connectors",
        409 => path || asks.has_body,
        412 => header,
        413 | 415 => asks.has_body,
        _ => false,
    };
    let told = ALL.into_iter().filter(move |(status, ..)| may(*status));
    told.map(|(status, name, _)| (status.to_string(), Ref::from_response_name(name)))
}

/// All the responses referred to, by name.
pub(super) fn responses() -> impl Iterator<Item = (&'static str, Response)> {
    let shape = Shape::of::<ProblemShape>();
    ALL.into_iter().map(move |(_, name, about)| {
        let content = Content::new(Some(RefOr::Ref(shape.reference())));
        let response =
            ResponseBuilder::new().description(about).content("application/problem+json", content);
        (name, response.build())
    })
}
