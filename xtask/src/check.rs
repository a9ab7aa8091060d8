//! The steps of a check in, their output and times on the terminal, success only if all passed out.

use std::{
    env,
    io::{self, Write},
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use anyhow::Context as _;

use crate::torture;

struct Step {
    args: &'static [&'static str],
    /// Variables it runs with besides ours.
    variables: &'static [(&'static str, &'static str)],
}

/// In the order in which they are likely to fail soonest.
const STEPS: [Step; 4] = [
    Step { args: &["fmt", "--all", "--", "--check"], variables: &[] },
    Step {
        args: &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
        variables: &[],
    },
    Step {
        args: &["doc", "--workspace", "--no-deps"],
        variables: &[("RUSTDOCFLAGS", "-Dwarnings")],
    },
    // Exactly what the README tells people to run.
    Step { args: &["test", "--workspace"], variables: &[] },
];

/// Runs the steps until one fails, and the short torture when none has.
pub(crate) fn run() -> ExitCode {
    let cargo =
        STEPS.iter().all(|step| passed(&format!("cargo {}", step.args.join(" ")), || cargo(step)));
    let short = ["--short".into()];
    if cargo && passed("cargo xtask torture --short", || torture::run(&short)) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs a step between two lines about it.
fn passed(name: &str, step: impl FnOnce() -> anyhow::Result<bool>) -> bool {
    let since = Instant::now();
    announce(&format!("{name} ..."));
    let passed = step().unwrap_or_else(|error| {
        announce(&format!("{error:#}"));
        false
    });
    let outcome = if passed { "passed" } else { "FAILED" };
    announce(&format!("{name}: {outcome} after {:.1} s", since.elapsed().as_secs_f64()));
    passed
}

fn cargo(step: &Step) -> anyhow::Result<bool> {
    // The cargo that runs us, so that a chosen toolchain stays chosen.
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let status = Command::new(cargo)
        .args(step.args)
        .envs(step.variables.iter().copied())
        .current_dir(root)
        .stdin(Stdio::null())
        .status()
        .context("run cargo")?;
    Ok(status.success())
}

/// Writes to stderr, in order with what cargo writes there. A closed terminal is no failure of
/// the check.
fn announce(message: &str) {
    writeln!(io::stderr(), "xtask: {message}").ok();
}
