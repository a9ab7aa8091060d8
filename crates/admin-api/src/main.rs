//! Entry point of the `admin-api` service. Everything it does is in the library beside it.

use std::process::ExitCode;

use admin_api::config::{Args, Config};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(code) = args.task().await {
        return code;
    }
    service::init_logs();

    let config = match Config::load(&args) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "invalid configuration");
            return ExitCode::from(service::EXIT_CONFIG);
        }
    };

    service::run(config.service.clone(), |stop| admin_api::run(config, stop)).await
}
