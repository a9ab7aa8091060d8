//! Requests of browsers in, filled pages out; forms in, the page that follows out.

pub(super) mod audit;
pub(super) mod connectors;
pub(super) mod dead_letters;
pub(super) mod drafts;
pub(super) mod gate;
pub(super) mod generator;
pub(super) mod offsets;
pub(super) mod pipelines;
pub(super) mod schemas;
pub(super) mod topics;
