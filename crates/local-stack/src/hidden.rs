//! A command line in, the hidden subcommand it names run to its end and an exit code out.

use std::{ffi::OsString, io::Write as _, process::ExitCode};

use crate::{engine, supervise};

/// The hidden subcommand that prints [`SOURCES`].
pub const SOURCES_COMMAND: &str = "__sources";

/// Identity of the sources that this crate was built from. A binary that prints another one is
/// of another build.
pub const SOURCES: &str = env!("LOCAL_STACK_SOURCES");

/// Runs the hidden subcommand that `args` (with the program's name first) asks for, if any.
///
/// Call it first in `main`, before a runtime or a thread exists: the supervisor starts its
/// children from its main thread, and the engine expects a process of its own.
#[must_use]
pub fn hidden(args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut args = args.into_iter().skip(1);
    let command = args.next()?;
    match command.to_str()? {
        supervise::SUPERVISE => Some(supervise::run(args)),
        supervise::EXEC => Some(supervise::exec(args)),
        engine::COMMAND => Some(engine::run(args)),
        SOURCES_COMMAND => Some(match writeln!(std::io::stdout(), "{SOURCES}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        }),
        _ => None,
    }
}
