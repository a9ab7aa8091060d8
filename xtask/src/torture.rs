//! Options of the torture in, whether it passed out.

use std::ffi::OsString;

use crate::build::{self, Profile};

/// Builds the torture and what it runs, and runs it: the long form in release, the short one as
/// tests are built, so that a check builds nothing twice.
pub(crate) fn run(options: &[OsString]) -> anyhow::Result<bool> {
    let short = options.iter().any(|option| option == "--short");
    let profile = if short { Profile::Dev } else { Profile::Release };
    // The ordinary sink last: it is the one to be left as `sink`.
    build::sink_without_intents(profile)?;
    build::run(&build::example("torture", profile)?, options)
}
