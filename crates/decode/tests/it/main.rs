//! What is promised about blocks, held against a real ClickHouse: one module per promise.

mod fixture;
mod lands_as_written;
mod long_dictionaries;
mod missing_fields;
