//! Entry point of `penstock`: everything on one machine, without containers.

use std::process::ExitCode;

use clap::Parser;

mod admin;
mod config;
mod freshness;
mod process;
mod reset;
mod run;
mod services;
mod show;
mod summary;
mod watch;

fn main() -> ExitCode {
    let args = || std::env::args_os();
    if let Some(code) = local_stack::hidden(args()).or_else(|| services::hidden(args())) {
        return code;
    }
    let args = config::Args::parse();
    match config::Config::load(&args) {
        Ok(config) => run::to_the_end(config),
        Err(error) => {
            show::failure(&error);
            ExitCode::from(service::EXIT_CONFIG)
        }
    }
}
