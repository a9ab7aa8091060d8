//! The steps of a check in, their output and times on the terminal, success only if all passed out.

use std::{
    env, io,
    io::Write,
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

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

/// Runs the steps until one fails.
pub(crate) fn run() -> ExitCode {
    for step in &STEPS {
        let since = Instant::now();
        let name = format!("cargo {}", step.args.join(" "));
        announce(&format!("{name} ..."));
        let outcome = match cargo(step) {
            Ok(true) => "passed",
            Ok(false) => "FAILED",
            Err(error) => {
                announce(&format!("cannot run cargo: {error}"));
                "FAILED"
            }
        };
        announce(&format!("{name}: {outcome} after {:.1} s", since.elapsed().as_secs_f64()));
        if outcome == "FAILED" {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn cargo(step: &Step) -> io::Result<bool> {
    // The cargo that runs us, so that a chosen toolchain stays chosen.
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let status = Command::new(cargo)
        .args(step.args)
        .envs(step.variables.iter().copied())
        .current_dir(root)
        .stdin(Stdio::null())
        .status()?;
    Ok(status.success())
}

/// Writes to stderr, in order with what cargo writes there. A closed terminal is no failure of
/// the check.
fn announce(message: &str) {
    writeln!(io::stderr(), "xtask: {message}").ok();
}
