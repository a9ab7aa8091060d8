//! Answers of the REST API's functions in, the structs that pages print out.

pub(super) mod audit;
pub(super) mod letters;
pub(super) mod list;
pub(super) mod one;
pub(super) mod plan;
pub(super) mod topics;
