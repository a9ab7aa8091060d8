//! The `penstock` binary as its users meet it. One module per promise of the README.

mod events;
mod fixture;
mod life;
mod refusals;
mod steered;
