//! A program's command line in, that program in this very process out, bound to its parent.

use std::{
    ffi::OsString,
    io::Write as _,
    os::unix::process::CommandExt as _,
    process::{Command, ExitCode},
};

use rustix::process::{Pid, getppid};

/// What a shell answers when a program cannot be run.
const NOT_RUN: u8 = 127;

/// Replaces this process by the program, which the kernel will kill when the supervisor dies.
///
/// A step between fork and program, because a closure that runs between them would be unsafe
/// code. The setting survives `exec`.
pub(crate) fn exec(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    let parent = args.next().and_then(|pid| pid.to_str()?.parse().ok()).and_then(Pid::from_raw);
    let (Some(parent), Some(program)) = (parent, args.next()) else {
        return refuse("usage: <pid of the parent> <program> [argument ..]");
    };
    if let Err(error) = follow_parent() {
        return refuse(&format!("cannot follow the supervisor: {error}"));
    }
    // It may have died before the line above; then nobody would ever send the signal.
    if getppid() != Some(parent) {
        return refuse("the supervisor is gone");
    }
    let error = Command::new(&program).args(args).exec();
    refuse(&format!("cannot run {}: {error}", program.display()))
}

fn refuse(message: &str) -> ExitCode {
    // Standard error is the child's log; there is no other place to say it.
    drop(writeln!(std::io::stderr(), "{message}"));
    ExitCode::from(NOT_RUN)
}

#[cfg(target_os = "linux")]
fn follow_parent() -> rustix::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
}

/// Other kernels have no such signal; the stack does not start there, see `packages::recipe`.
#[cfg(not(target_os = "linux"))]
fn follow_parent() -> rustix::io::Result<()> {
    Err(rustix::io::Errno::NOSYS)
}
