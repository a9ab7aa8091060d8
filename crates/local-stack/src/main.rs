//! Entry point of `local-stack`: runs the servers until Ctrl-C and prints where they are.

mod serve_tests;
mod up;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    if let Some(code) = local_stack::hidden(std::env::args_os()) {
        return code;
    }
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return ExitCode::FAILURE };
    match serve_tests::asked(std::env::args_os()) {
        Some(folder) => runtime.block_on(serve_tests::run(folder)),
        None => runtime.block_on(up::run(up::Args::parse())),
    }
}
