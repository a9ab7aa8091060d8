//! A command line in, a stack that runs until a signal out.

use std::{io::Write as _, path::PathBuf, process::ExitCode, sync::Arc};

use local_stack::{
    Error, Part, Settings, Stack, StackFile,
    progress::{Shared, Terminal},
};
use tokio::signal::unix::{SignalKind, signal};

/// What a program answers when its settings are wrong (`EX_CONFIG` of sysexits.h).
const EXIT_CONFIG: u8 = 78;

/// Runs a real Kafka, schema registry and ClickHouse on this machine, without containers.
#[derive(Debug, clap::Parser)]
#[command(name = "local-stack")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Starts the servers, prints their addresses, and stops them on Ctrl-C.
    Up {
        /// Folder for their data, configuration, logs and passwords.
        #[arg(long, default_value = "data", value_name = "DIR")]
        data_dir: PathBuf,
        /// Only these servers; all of them unless given.
        #[arg(long = "part", value_name = "PART")]
        parts: Vec<Part>,
        /// Read every cached file again and compare it with its checksum.
        #[arg(long)]
        verify_cache: bool,
    },
}

/// Runs the command and turns its result into an exit code.
pub(crate) async fn run(args: Args) -> ExitCode {
    let Command::Up { data_dir, parts, verify_cache } = args.command;
    let mut settings = Settings::new(data_dir);
    settings.verify_cache = verify_cache;
    if !parts.is_empty() {
        settings.parts = parts;
    }
    let terminal = Arc::new(Terminal::new());
    match up(settings, &terminal).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.line(&error.to_string());
            ExitCode::from(if error.is_setting() { EXIT_CONFIG } else { 1 })
        }
    }
}

async fn up(settings: Settings, terminal: &Arc<Terminal>) -> Result<(), Error> {
    let progress: Shared = Arc::clone(terminal) as Shared;
    let stack = tokio::select! {
        stack = Stack::start(settings, progress) => stack?,
        () = told_to_stop() => return Ok(()),
    };
    let file = StackFile::of(&stack);
    file.write(stack.data_dir())?;
    print(&file);
    let ended = tokio::select! {
        ended = stack.exited() => Some(ended),
        () = told_to_stop() => None,
    };
    StackFile::remove(stack.data_dir())?;
    if let Some((part, exit)) = ended {
        terminal.line(&format!("{part} ended by itself ({exit}); stopping the others"));
    }
    stack.stop().await
}

fn print(file: &StackFile) {
    let mut out = std::io::stdout().lock();
    let addresses = [
        ("kafka", &file.kafka),
        ("registry", &file.registry),
        ("clickhouse http", &file.clickhouse_http),
        ("clickhouse native", &file.clickhouse_native),
    ];
    for (name, address) in addresses {
        if let Some(address) = address {
            // Nobody reads: no reason to stop the servers.
            drop(writeln!(out, "{name:18} {address}"));
        }
    }
    if file.clickhouse_http.is_some() {
        for (user, password_file) in &file.users {
            drop(writeln!(out, "{user:18} password in {}", password_file.display()));
        }
    }
}

/// Returns on SIGINT, SIGTERM or SIGHUP.
async fn told_to_stop() {
    let wait = async |kind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::hangup()) => {}
    }
}
