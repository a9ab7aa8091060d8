//! What the repository promises about its own layout.

mod observability;
mod tidy;
