//! Entry point of the `producer` service. Everything it does is in the library beside it.

use std::process::ExitCode;

use clap::Parser;
use producer::{Args, Config};

#[tokio::main]
async fn main() -> ExitCode {
    service::init_logs();

    let config = match Config::load(&Args::parse()) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "invalid configuration");
            return ExitCode::from(service::EXIT_CONFIG);
        }
    };

    service::run(config.service.clone(), |stop| producer::run(config, stop)).await
}
