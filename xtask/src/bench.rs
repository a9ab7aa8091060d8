//! Options of the benchmark in, whether it passed out.

use std::ffi::OsString;

use crate::build::{self, Profile};

/// Builds the benchmark and what it runs, all in release, and runs it.
pub(crate) fn run(options: &[OsString]) -> anyhow::Result<bool> {
    // The ordinary sink last: it is the one to be left as `sink`.
    build::sink_without_intents(Profile::Release)?;
    build::run(&build::example("bench", Profile::Release)?, options)
}
