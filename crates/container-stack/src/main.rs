//! A hidden subcommand of testkit's in, the servers of tests in containers out.
//!
//! A program of its own, so that neither the tests nor anything that is shipped carries a client
//! of a container engine, and so that somebody is left to remove the containers of a test that
//! was killed.

mod containers;
mod images;
mod leftovers;
mod own;
mod serve;

use std::{io::Write as _, process::ExitCode};

use local_stack::{levers::OWN_COMMAND, shared::SERVE_COMMAND};

fn main() -> ExitCode {
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return ExitCode::FAILURE };
    let mut args = std::env::args_os().skip(1);
    let ended = match (args.next().as_deref().and_then(|command| command.to_str()), args.next()) {
        (Some(SERVE_COMMAND), Some(folder)) => runtime.block_on(serve::run(folder)),
        (Some(OWN_COMMAND), None) => runtime.block_on(own::run()),
        _ => Err(anyhow::anyhow!("only the tests of this repository start this program")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A file that the waiting test shows, or its own standard error.
            drop(writeln!(std::io::stderr(), "{error:#}"));
            ExitCode::FAILURE
        }
    }
}
