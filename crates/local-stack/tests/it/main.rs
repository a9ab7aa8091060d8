//! What the local stack promises, tried out with real servers. One module per promise.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod cache;
mod fixture;
mod instances;
mod leftovers;
mod refusals;
mod restart;
