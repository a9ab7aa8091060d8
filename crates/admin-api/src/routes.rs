//! All routes in one table in, the router out: who may is decided here and nowhere else.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Method, StatusCode},
    middleware::from_fn_with_state,
    routing::MethodRouter,
};
use service::problem::Problem;

use crate::{auth::Role, gate, login, openapi::Docs, page, rest, state::App};

/// One route: a method, a path, who may, and what answers.
#[derive(Debug)]
pub struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) role: Role,
    /// Whether it may take as long as `limits.long_request_ms_max`.
    pub(crate) long: bool,
    pub(crate) handler: fn() -> MethodRouter<App>,
    /// What the `OpenAPI` document says; none for pages.
    pub(crate) docs: Option<Docs>,
}

impl Route {
    /// A route of the REST API.
    pub(crate) fn rest(
        method: Method,
        path: &'static str,
        role: Role,
        handler: fn() -> MethodRouter<App>,
        docs: Docs,
    ) -> Self {
        Self { method, path, role, long: false, handler, docs: Some(docs) }
    }

    /// The same for work that takes longer than a glance.
    pub(crate) fn long(self) -> Self {
        Self { long: true, ..self }
    }

    /// A route of the page: who may not come in is sent to the login.
    pub(crate) fn page(
        method: Method,
        path: &'static str,
        role: Role,
        handler: fn() -> MethodRouter<App>,
    ) -> Self {
        Self { method, path, role, long: false, handler, docs: None }
    }
}

/// Every route there is.
pub(crate) fn table() -> Vec<Route> {
    [rest::routes(), login::routes(), page::routes()].into_iter().flatten().collect()
}

/// Builds the router: what every request passes, from the outside in, is `gate::finish`,
/// `gate::admit`, and the role of its route.
pub(crate) fn router(app: App) -> Router {
    let mut router = Router::new();
    let limits = app.config().limits;
    for Route { path, role, long, handler, docs, .. } in table() {
        let ms_max = if long { limits.long_request_ms_max } else { limits.request_ms_max };
        let guard = gate::Guard {
            app: app.clone(),
            path,
            role,
            page: docs.is_none(),
            ms_max: ms_max.get(),
        };
        router =
            router.route(path, handler().route_layer(from_fn_with_state(guard, gate::require)));
    }
    router
        .fallback(async || {
            Problem::new(StatusCode::NOT_FOUND, "no such path")
                .detail("GET /openapi.json lists the paths that there are")
        })
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        })
        .layer(DefaultBodyLimit::max(app.config().limits.body_bytes_max.get()))
        .layer(from_fn_with_state(app.clone(), gate::as_problem))
        .layer(from_fn_with_state(app.clone(), gate::admit))
        .layer(from_fn_with_state(app.clone(), gate::finish))
        .with_state(app)
}

#[cfg(test)]
mod tests;
