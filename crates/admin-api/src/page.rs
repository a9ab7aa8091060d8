//! Requests of browsers in, HTML pages out.
//!
//! `handle` asks the same functions as the REST API, `fill` turns their answers into the structs
//! of `view`, which the templates print. Nothing here decides who may do what: the table of
//! routes does.

use axum::{
    http::Method,
    routing::{MethodRouter, get, post},
};

use crate::{
    auth::Role::{self, Admin, Operator, Public, Viewer},
    routes::Route,
    state::App,
};

mod answer;
mod assets;
#[cfg(test)]
mod example;
mod fields;
mod fill;
mod handle;
mod live;
mod memory;
#[cfg(test)]
mod tests;
pub mod view;

pub(crate) use self::{answer::error, memory::remember};
pub use memory::Memory;

fn looks(path: &'static str, role: Role, handler: fn() -> MethodRouter<App>) -> Route {
    Route::page(Method::GET, path, role, handler)
}

fn acts(path: &'static str, role: Role, handler: fn() -> MethodRouter<App>) -> Route {
    Route::page(Method::POST, path, role, handler)
}

/// Every page and every form of the pages.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        looks("/assets/{file}", Public, || get(assets::answer)),
        looks("/login", Public, || get(handle::gate::login)),
        looks("/", Viewer, || get(handle::pipelines::overview)),
        looks("/events", Viewer, || get(live::answer)),
        looks("/pipelines/{name}", Viewer, || get(handle::pipelines::status)),
        acts("/pipelines/{name}/pause", Operator, || post(handle::pipelines::pause)),
        acts("/pipelines/{name}/resume", Operator, || post(handle::pipelines::resume)),
        acts("/pipelines/{name}/restart", Operator, || post(handle::pipelines::restart)),
        acts("/pipelines/{name}/delete", Operator, || post(handle::pipelines::delete)),
        looks("/pipelines/{name}/plan", Viewer, || get(handle::drafts::plan_of)),
        looks("/pipelines/{name}/spec", Viewer, || get(handle::drafts::spec)),
        acts("/pipelines/{name}/spec", Operator, || post(handle::drafts::plan_change)),
        acts("/pipelines/{name}/spec/save", Operator, || post(handle::drafts::save)),
        acts("/new/plan", Operator, || post(handle::drafts::plan_new)),
        acts("/new/create", Operator, || post(handle::drafts::create)),
        looks("/pipelines/{name}/offsets", Viewer, || get(handle::offsets::show)),
        acts("/pipelines/{name}/offsets", Operator, || post(handle::offsets::set)).long(),
        looks("/pipelines/{name}/dead-letters", Viewer, || get(handle::dead_letters::list)),
        looks("/pipelines/{name}/dead-letters/{id}", Operator, || get(handle::dead_letters::one)),
        acts("/pipelines/{name}/dead-letters/replay", Operator, || {
            post(handle::dead_letters::replay)
        })
        .long(),
        looks("/new", Operator, || get(handle::topics::new)),
        looks("/topics", Viewer, || get(handle::topics::list)),
        looks("/topics/{topic}", Viewer, || get(handle::topics::one)),
        looks("/schemas", Viewer, || get(handle::schemas::list)),
        looks("/schemas/{subject}", Viewer, || get(handle::schemas::one)),
        acts("/schemas/{subject}/check", Viewer, || post(handle::schemas::check)),
        looks("/connectors", Viewer, || get(handle::connectors::list)),
        acts("/connectors", Admin, || post(handle::connectors::create)),
        acts("/connectors/{name}/pause", Operator, || post(handle::connectors::pause)),
        acts("/connectors/{name}/resume", Operator, || post(handle::connectors::resume)),
        acts("/connectors/{name}/restart", Operator, || post(handle::connectors::restart)),
        acts("/connectors/{name}/delete", Admin, || post(handle::connectors::delete)),
        looks("/generator", Viewer, || get(handle::generator::show)),
        acts("/generator/rate", Operator, || post(handle::generator::rate)),
        acts("/generator/pause", Operator, || post(handle::generator::pause)),
        acts("/generator/resume", Operator, || post(handle::generator::resume)),
        looks("/audit", Viewer, || get(handle::audit::list)),
    ]
}
