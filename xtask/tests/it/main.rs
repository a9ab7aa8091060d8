//! What the repository promises about its own layout.

mod tidy;
