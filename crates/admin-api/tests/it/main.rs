//! What the admin API promises, on real servers.

mod access;
mod audited;
mod browser;
mod concurrent;
mod connectors;
mod dead_letters;
mod dead_letters_export;
mod dead_letters_replay;
mod documents;
mod fixture;
mod healthcheck;
mod killed;
mod letters;
mod mistakes;
mod offsets;
mod offsets_delete;
mod offsets_table;
mod page;
mod page_letters;
mod page_live;
mod plans;
mod prepared;
mod removal;
mod resets;
mod scene;
mod sources;
