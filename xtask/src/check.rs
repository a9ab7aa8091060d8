//! The steps of a check in, their output and times on the terminal, success only if all passed out.

use std::{
    process::{ExitCode, Stdio},
    time::Instant,
};

use anyhow::Context as _;

use crate::{build, lint, say, torture};

/// A call of cargo.
struct Step {
    args: &'static [&'static str],
    /// Variables it runs with besides ours.
    variables: &'static [(&'static str, &'static str)],
}

impl Step {
    fn name(&self) -> String {
        format!("cargo {}", self.args.join(" "))
    }

    fn run(&self) -> anyhow::Result<bool> {
        let mut cargo = build::cargo();
        cargo.args(self.args).envs(self.variables.iter().copied()).stdin(Stdio::null());
        Ok(cargo.status().context("run cargo")?.success())
    }
}

const FORMAT: Step = Step { args: &["fmt", "--all", "--", "--check"], variables: &[] };

/// In the order in which they are likely to fail soonest.
const STEPS: [Step; 3] = [
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
    let cargo = |step: &Step| passed(&step.name(), || step.run());
    let short = ["--short".into()];
    if cargo(&FORMAT)
        && passed("cargo xtask lint", lint::run)
        && STEPS.iter().all(cargo)
        && passed("cargo xtask torture --short", || torture::run(&short))
    {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs a step between two lines about it.
fn passed(name: &str, step: impl FnOnce() -> anyhow::Result<bool>) -> bool {
    let since = Instant::now();
    say(&format!("{name} ..."));
    let passed = step().unwrap_or_else(|error| {
        say(&format!("{error:#}"));
        false
    });
    let outcome = if passed { "passed" } else { "FAILED" };
    say(&format!("{name}: {outcome} after {:.1} s", since.elapsed().as_secs_f64()));
    passed
}
