//! A [`Spec`] in, a running child of this process out.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _},
    os::unix::{
        fs::OpenOptionsExt as _,
        process::{CommandExt as _, ExitStatusExt as _},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, kill_process, kill_process_group};

use super::{EXEC, Exit, Signal, Spec};

/// Largest log of a child, in bytes; above it the older part is kept aside once.
const LOG_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// A child that has not been reaped.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) id: u64,
    pub(super) rank: u8,
    pub(super) grace_ms: u64,
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(super) fn start(id: u64, spec: &Spec) -> io::Result<Self> {
        let log = open_log(&spec.log)?;
        // This very program, even if the file it came from has been replaced since.
        let mut command = Command::new("/proc/self/exe");
        command
            .arg(EXEC)
            .arg(std::process::id().to_string())
            .arg(&spec.program)
            .args(&spec.args)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A signal to our group (a terminal's Ctrl-C) must not reach the children.
            .process_group(0);
        if spec.env_clear {
            command.env_clear();
        }
        command.envs(&spec.env);
        if let Some(dir) = &spec.dir {
            command.current_dir(dir);
        }
        let child = command.spawn()?;
        let (rank, grace_ms, log) = (spec.stop_rank, spec.grace_ms, spec.log.clone());
        Ok(Self { id, rank, grace_ms, child, log })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How the child ended, once it has.
    pub(super) fn try_wait(&mut self) -> Option<Exit> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(Exit { code: status.code(), signal: status.signal() }),
            // Not our child any more: nothing will ever be known about it.
            Err(_) => Some(Exit { code: None, signal: None }),
        }
    }

    /// Sends the signal. The child is not reaped yet, so its pid is still its own.
    pub(super) fn signal(&self, signal: Signal) {
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else {
            return;
        };
        // The only failure is a child that has ended, which the next reaping reports.
        _ = match signal {
            Signal::Terminate => kill_process(pid, rustix::process::Signal::TERM),
            // The whole group, so that helpers of the child go too.
            Signal::Kill => kill_process_group(pid, rustix::process::Signal::KILL)
                .or_else(|_| kill_process(pid, rustix::process::Signal::KILL)),
            Signal::Freeze => kill_process(pid, rustix::process::Signal::STOP),
            Signal::Continue => kill_process(pid, rustix::process::Signal::CONT),
        };
    }

    /// Keeps the log within its limit.
    pub(super) fn limit_log(&self) {
        let long = std::fs::metadata(&self.log).is_ok_and(|file| file.len() > LOG_BYTES_MAX);
        if long {
            // A log that cannot be cut is no reason to stop a server.
            drop(cut(&self.log));
        }
    }
}

fn open_log(path: &Path) -> io::Result<File> {
    // Appending, so that the child goes on at the start of the file after it was cut.
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// Keeps the last half of the limit as `<log>.1` and empties the log.
fn cut(log: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(log)?;
    file.seek(io::SeekFrom::End(-i64::try_from(LOG_BYTES_MAX / 2).unwrap_or(0)))?;
    let mut kept = log.as_os_str().to_owned();
    kept.push(".1");
    let mut kept =
        OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(kept)?;
    io::copy(&mut (&mut file).take(LOG_BYTES_MAX), &mut kept)?;
    file.set_len(0)
}

#[cfg(test)]
mod tests;
