//! What tests rely on, tried out on real servers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chaos;
mod killed;
mod own;
mod proxy;
mod servers;
